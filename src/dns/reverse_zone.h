#pragma once

#include <string_view>

#include "base/address.h"
#include "base/result.h"
#include "dns/name.h"

namespace fairlead::dns {

/// The zone of the names of all addresses in `network` (RFC 1035, section 3.5; RFC 3596,
/// section 2.5): 10.0.0.0/8 is "10.in-addr.arpa.". kInvalid where the prefix does not end between two labels.
base::Result<Name> reverse_zone(const base::Prefix& network);

/// A zone as a Corefile names it: "example.com", or the reverse zone of "10.0.0.0/8".
base::Result<Name> parse_zone(std::string_view text);

}  // namespace fairlead::dns
