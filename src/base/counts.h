#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace fairlead::base {

/// A struct of std::uint64_t counts and nothing else.
template <class Counts>
concept OnlyCounts = std::has_unique_object_representations_v<Counts> &&
                     std::is_trivially_copyable_v<Counts> && sizeof(Counts) % sizeof(std::uint64_t) == 0;

/// The same counts by their number.
template <OnlyCounts Counts>
using NumberedCounts = std::array<std::uint64_t, sizeof(Counts) / sizeof(std::uint64_t)>;

/// Adds `more` to `sum`, each count to its like.
template <OnlyCounts Counts>
void add_counts(Counts& sum, const Counts& more) {
    auto total = std::bit_cast<NumberedCounts<Counts>>(sum);
    const auto numbers = std::bit_cast<NumberedCounts<Counts>>(more);
    for (std::size_t i = 0; i < total.size(); ++i)
        total[i] += numbers[i];
    sum = std::bit_cast<Counts>(total);
}

}  // namespace fairlead::base
