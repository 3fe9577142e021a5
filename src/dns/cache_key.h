#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dns/name.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// What makes one upstream answer differ from another: all of a question, class IN, that goes upstream.
struct Lookup {
    Name name;
    RecordType type = RecordType::kA;
    bool dnssec_ok = false;          ///< DO: the answer comes with signatures
    bool checking_disabled = false;  ///< CD: the answer may be one that fails validation upstream

    friend bool operator==(const Lookup&, const Lookup&) = default;
};

/// A Lookup as bytes that are equal for equal lookups, whatever the letter case of the name; no heap.
class CacheKey {
  public:
    explicit CacheKey(const Lookup& lookup);

    [[nodiscard]] std::string_view bytes() const {
        return {reinterpret_cast<const char*>(bytes_.data()), size_};
    }
    /// Differs from process to process, so that nobody outside can choose names that collide.
    [[nodiscard]] std::size_t hash() const { return hash_; }

    friend bool operator==(const CacheKey& a, const CacheKey& b) { return a.bytes() == b.bytes(); }
    template <class H>
    friend H AbslHashValue(H state, const CacheKey& key) {
        return H::combine(std::move(state), key.hash_);
    }

  private:
    static constexpr std::size_t kWord = sizeof(std::uint64_t);
    /// Only the first size_ are set. They are written by words.
    std::array<std::uint8_t, (kMaxNameSize / kWord + 2) * kWord> bytes_;
    std::size_t size_;
    std::size_t hash_;
};

}  // namespace fairlead::dns
