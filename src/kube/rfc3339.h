#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::kube {

/// "2026-11-24T12:00:00.123456789Z" (RFC 3339 section 5.6, UTC or with an offset) as Unix nanoseconds;
/// times beyond what 64 bits hold (the years 1677 to 2262) as the nearest that they do.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace fairlead::kube
