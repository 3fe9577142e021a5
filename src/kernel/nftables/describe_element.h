#pragma once

#include <string>

#include "kernel/nftables/objects.h"

namespace fairlead::kernel::nftables {

/// A key of `set`, field by field, as `nft list` prints it: "10.96.0.1 . tcp . 80".
std::string describe_key(const Set& set, const ElementBytes& key);

/// An element of `set` as `nft list` prints it: "10.96.0.1 . tcp . 80 : 0x00000002 . 0x00000002 .
/// 0x00000000", "10.0.0.0/8", "0x00000002 . 0x00000000 : goto balance-2", with its timeouts and counts. Bytes
/// that do not fit the types of the set, as those of a foreign set may not, come in hexadecimal.
std::string describe(const Set& set, const FoundElement& found);

}  // namespace fairlead::kernel::nftables
