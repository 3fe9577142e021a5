#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "base/address.h"
#include "dns/name.h"

namespace fairlead::dns {

/// A name in in-addr.arpa or ip6.arpa (RFC 1035, section 3.5; RFC 3596, section 2.5) and the part of an
/// address that its labels say.
struct ReverseName {
    base::Family family = base::Family::kIpv4;
    std::size_t labels = 0;             ///< of the address, from the right, that could be read
    bool whole = true;                  ///< there are no other labels to their left
    std::array<std::byte, 16> bytes{};  ///< what was not said is zero

    [[nodiscard]] base::IpAddress address() const {
        return base::IpAddress{std::span{bytes}.first(base::address_size_bytes(family))};
    }
    /// Whether it is the name of one address.
    [[nodiscard]] bool is_address() const;
};

/// Bits of an address that one label says: a byte, or half of one.
std::size_t bits_per_label(base::Family family);

/// `name` in lower case; nullopt for names elsewhere.
std::optional<ReverseName> parse_reverse_name(const Name& name);

/// The name of an address: "1.0.64.10.in-addr.arpa.".
Name reverse_name_of(const base::IpAddress& address);

}  // namespace fairlead::dns
