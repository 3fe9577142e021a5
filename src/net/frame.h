#pragma once

#include <cstddef>

namespace fairlead::net {

/// A frame begins with its length, big-endian (RFC 1035 section 4.2.2).
constexpr std::size_t kFrameLengthBytes = 2;

}  // namespace fairlead::net
