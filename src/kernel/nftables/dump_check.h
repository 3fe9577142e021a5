#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/nftables/objects.h"

namespace fairlead::kernel::nftables {

/// Tells whether the dump of a hash set is whole. The kernel goes on from one part of a dump to the next by
/// the number of elements it has shown; when the set's hash table grows in between, which it does some time
/// after elements were added and without a new generation, some are shown twice and as many not at all.
class DumpCheck {
  public:
    void note(const ElementBytes& key);

    /// `announced`: how many elements the kernel says there are (NFTA_SET_COUNT, since Linux 6.15), if it
    /// does. Call it once, at the end.
    [[nodiscard]] bool whole(std::optional<std::uint32_t> announced);

  private:
    std::vector<std::size_t> hashes_;
};

}  // namespace fairlead::kernel::nftables
