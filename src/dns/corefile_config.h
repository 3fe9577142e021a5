#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/corefile.h"
#include "dns/dns_config.h"
#include "dns/zone_options.h"

namespace fairlead::dns {

/// What plugin `kubernetes` says.
struct CorefileKubernetes {
    std::vector<Name> zones;  ///< the cluster's and reverse ones
    PodNames pods = PodNames::kDisabled;
    std::chrono::seconds ttl{5};
    bool endpoint_pod_names = false;
    /// Of names in these zones that are not there, plugins behind it are asked.
    std::vector<Name> fallthrough;

    friend bool operator==(const CorefileKubernetes&, const CorefileKubernetes&) = default;
};

/// Something in a Corefile that does not have its effect here.
struct CorefileRemark {
    enum class Kind : std::uint8_t {
        kUnsupported,  ///< answers will differ
        kOwnWay,       ///< what it is for is done in our own way, or not needed
    };
    Kind kind = Kind::kUnsupported;
    unsigned line = 0;
    std::string message;  ///< begins with "file:line: plugin"

    friend bool operator==(const CorefileRemark&, const CorefileRemark&) = default;
};

/// What a Corefile means for this server.
struct CorefileConfig {
    DnsConfig dns;
    std::optional<CorefileKubernetes> kubernetes;
    std::vector<std::string> bind;  ///< addresses and interfaces
    std::uint16_t port = kDnsPort;
    bool log_queries = false;
    bool log_errors = false;
    bool rotate_addresses = false;  ///< plugin loadbalance
    std::optional<std::uint16_t> udp_payload;
    std::optional<std::string> health;      ///< where it is served, "[address]:port"
    std::chrono::milliseconds lameduck{0};  ///< how long after the signal to end questions are still answered
    std::optional<std::string> ready;
    std::optional<std::string> prometheus;
    std::vector<CorefileRemark> remarks;
};

/// What is needed besides the text.
struct CorefileSources {
    CorefileEnvironment environment;
    /// The text of a file that the Corefile names: a resolv.conf, or one with hosts.
    std::function<base::Result<std::string>(std::string_view path)> read_file;
};

/// Understands forward, cache, hosts, rewrite (exact names), kubernetes, bind, errors, log, health, ready,
/// prometheus, loop, reload, loadbalance and bufsize. What else is there becomes a remark; whether an
/// unsupported one is refused is up to the caller. kInvalid, beginning with "file:line:", is broken syntax
/// only.
base::Result<CorefileConfig> read_corefile(std::string_view file, std::string_view text,
                                           const CorefileSources& sources);

}  // namespace fairlead::dns
