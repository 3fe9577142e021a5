#pragma once

#include "kernel/nftables/transaction.h"

namespace fairlead::test {

/// A table that remembers where clients went, in sets that packets write, and has the other kinds of objects
/// that the sample lacks: concatenated ranges, ranges of names, counts, a verdict map of two words. Packets
/// for port 80 of its Service ("10.96.0.1" or "fd00:96::1") over UDP are balanced and stick, see
/// sticky_table_elements().
kernel::nftables::TableContents sticky_table(base::Family family, std::uint32_t clients = 100);

/// Two endpoints ("10.64.0.1", "10.64.0.2" or "fd00:64::1", "fd00:64::2", port 8080) for its Service.
kernel::nftables::Transaction sticky_table_elements(base::Family family);
kernel::nftables::Element sticky_endpoint(base::Family family, std::uint32_t index);
/// In set "alive": connections may go on to go there.
kernel::nftables::Element alive_endpoint(base::Family family, std::uint32_t index);

}  // namespace fairlead::test
