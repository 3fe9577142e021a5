#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::lab {

/// What an HTTP server on 127.0.0.1 answers.
struct ProbeAnswer {
    unsigned status = 0;
    std::string body;
};

/// Asks for `path` in the network namespace of the calling thread, which it blocks for 2 s at most.
base::Result<ProbeAnswer> probe_http(std::uint16_t port, std::string_view path);
/// The same in a namespace given by name.
base::Result<ProbeAnswer> probe_http_in(std::string_view netns, std::uint16_t port, std::string_view path);

/// The sum of the samples of a metric in the Prometheus text format, over all its labels. 0 if there is none.
double metric_sum(std::string_view exposition, std::string_view name);

}  // namespace fairlead::lab
