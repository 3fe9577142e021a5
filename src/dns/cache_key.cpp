#include "dns/cache_key.h"

#include <absl/hash/hash.h>

#include <algorithm>

namespace fairlead::dns {

namespace {

constexpr std::uint8_t kDnssecOk = 1;
constexpr std::uint8_t kCheckingDisabled = 2;

/// Length bytes of labels are at most 63 and so never taken for a letter.
std::uint8_t lowered(std::uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<std::uint8_t>(byte | 0x20U) : byte;
}

}  // namespace

CacheKey::CacheKey(const Lookup& lookup) {
    const Bytes wire = lookup.name.wire();
    auto* end = std::ranges::transform(wire, bytes_.data(), lowered).out;
    const auto type = static_cast<std::uint16_t>(lookup.type);
    *end++ = static_cast<std::uint8_t>(type >> 8U);
    *end++ = static_cast<std::uint8_t>(type);
    *end++ = static_cast<std::uint8_t>((lookup.dnssec_ok ? kDnssecOk : 0U) |
                                       (lookup.checking_disabled ? kCheckingDisabled : 0U));
    size_ = static_cast<std::size_t>(end - bytes_.data());
    hash_ = absl::HashOf(bytes());
}

}  // namespace fairlead::dns
