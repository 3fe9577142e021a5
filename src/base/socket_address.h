#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace fairlead::base {

/// An address and a TCP or UDP port to listen on or to connect to.
struct SocketAddress {
    IpAddress address;
    std::uint16_t port = 0;

    /// From "10.0.0.1:80" or "[fd00::1]:80"; the port is 1 to 65535.
    static Result<SocketAddress> parse(std::string_view text);
    /// Whether a TCP socket that listens on one of the two keeps another from listening on the other: 0.0.0.0
    /// is every IPv4 address, and :: is every address of both families (ip(7), ipv6(7)).
    [[nodiscard]] bool overlaps(const SocketAddress& other) const;
    [[nodiscard]] std::string to_string() const { return format_endpoint(address, port); }

    friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
    friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

}  // namespace fairlead::base
