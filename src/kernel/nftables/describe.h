#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "kernel/nftables/transaction.h"

namespace fairlead::kernel::nftables {

/// "table ip fairlead"
std::string describe(const Table& table);

/// What an operation does, for messages to people: "add to set 'frontends': element 10.0.0.1 . tcp . 80".
/// `element`: which of its elements it is about, if that is known.
std::string describe(const Operation& operation, base::Family family, std::optional<std::size_t> element);

/// A key by its looks: addresses, protocol and port with a number, an address or an endpoint around them,
/// numbers, the name of an interface; else bytes.
std::string describe_key(const ElementBytes& key, base::Family family);

}  // namespace fairlead::kernel::nftables
