#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/socket_address.h"

namespace fairlead::cli {

/// The most flows at once that the agent has seen since it started, from its page /conntrack; none if nobody
/// answers or the page does not say.
std::optional<std::uint64_t> observed_peak(const base::SocketAddress& agent);

/// The same from the page itself.
std::optional<std::uint64_t> parse_observed_peak(std::string_view page);

}  // namespace fairlead::cli
