#include "dns/cache_key.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <cstring>

#include "dns/lower_case.h"

namespace fairlead::dns {

namespace {

constexpr std::uint8_t kDnssecOk = 1;
constexpr std::uint8_t kCheckingDisabled = 2;

}  // namespace

CacheKey::CacheKey(const Lookup& lookup) {
    const Bytes wire = lookup.name.wire();
    // Length bytes of labels are at most 63 and so never taken for a letter.
    for (std::size_t at = 0; at < wire.size(); at += kWord) {
        const auto part = wire.subspan(at, std::min(kWord, wire.size() - at));
        std::uint64_t word = 0;
        std::memcpy(&word, part.data(), part.size());
        word = lower_word(word);
        std::memcpy(bytes_.data() + at, &word, kWord);
    }
    auto* end = bytes_.data() + wire.size();
    const auto type = static_cast<std::uint16_t>(lookup.type);
    *end++ = static_cast<std::uint8_t>(type >> 8U);
    *end++ = static_cast<std::uint8_t>(type);
    *end++ = static_cast<std::uint8_t>((lookup.dnssec_ok ? kDnssecOk : 0U) |
                                       (lookup.checking_disabled ? kCheckingDisabled : 0U));
    size_ = static_cast<std::size_t>(end - bytes_.data());
    hash_ = absl::HashOf(bytes());
}

}  // namespace fairlead::dns
