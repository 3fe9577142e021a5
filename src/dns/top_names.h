#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/name.h"

namespace fairlead::dns {

/// The most frequent of any number of names, within a fixed size: counts are never too low, and too high by
/// `error` at most (Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in
/// data streams", 2005).
class TopNames {
  public:
    static constexpr std::size_t kSize = 16;

    struct Entry {
        Name name;
        std::uint64_t count = 0;
        std::uint64_t error = 0;
        bool found_in_domain = false;  ///< a later search domain has it
    };

    void add(const Name& name, std::uint64_t count = 1, std::uint64_t error = 0);
    /// Notes it where the name is among them.
    void set_found_in_domain(const Name& name);
    void add_all(const TopNames& other);

    /// The most frequent first.
    [[nodiscard]] std::span<const Entry> entries() const { return std::span{entries_}.first(size_); }

  private:
    Entry* find(const Name& name);

    std::array<Entry, kSize> entries_;
    std::size_t size_ = 0;
};

}  // namespace fairlead::dns
