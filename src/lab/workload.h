#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/objects.h"

namespace fairlead::lab {

/// What a lab Pod runs in its namespace.
struct WorkloadOptions {
    std::string identity;  ///< "pod shop/cart-1 on node-1 (10.64.1.5)"
    std::vector<kube::ContainerPort> ports;
    std::string ready_file;  ///< made once every port listens; empty: none
};

/// Serves for ever, every port in both families. It says "IDENTITY answered ADDRESS:PORT":
/// over TCP and SCTP as the body of an HTTP answer to what begins like an HTTP request, else as one line
/// before it echoes what it gets; over UDP as one line before what was sent.
/// Returns only if a port cannot be had.
base::Error run_workload(const WorkloadOptions& options);

/// "8080/TCP".
base::Result<kube::ContainerPort> parse_port(std::string_view text);

/// What of `received` is an HTTP request, and what to do about it. Pure.
struct HttpRequest {
    enum class Kind { kNotHttp, kIncomplete, kWhole };
    Kind kind = Kind::kIncomplete;
    std::size_t size_bytes = 0;  ///< of a whole request, with its body
    bool head = false;           ///< HEAD: answer without body
    bool keep_alive = false;
};
HttpRequest parse_http_request(std::string_view received);

}  // namespace fairlead::lab
