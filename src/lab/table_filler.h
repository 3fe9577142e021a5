#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace fairlead::lab {

/// How many entries a case will make at most: about 253 bytes of kernel memory each.
inline constexpr std::size_t kMostEntries = 1'048'576;

/// Fills the conntrack table of a namespace with TCP entries of 198.18.0.0/15 (RFC 2544), assured and
/// established, so that the kernel may evict none, until it takes no more. The number that it took.
/// kUnsupported if the machine allows more than kMostEntries.
base::Result<std::size_t> fill_conntrack_table(std::string_view netns);

/// Deletes these entries; the number of them.
base::Result<std::size_t> remove_filling(std::string_view netns);

}  // namespace fairlead::lab
