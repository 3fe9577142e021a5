#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/socket_address.h"

namespace fairlead::lab {

/// A UDP packet from or to port 53.
struct DnsPacket {
    base::SocketAddress source;
    base::SocketAddress destination;

    [[nodiscard]] bool is_query() const { return destination.port == kPort; }
    static constexpr std::uint16_t kPort = 53;

    friend bool operator==(const DnsPacket&, const DnsPacket&) = default;
};

/// Reads a packet that begins with its IP header and may be cut off after the UDP header. nullopt for
/// anything else, later fragments and packets with IPv6 extension headers among them. Pure.
std::optional<DnsPacket> decode_dns_packet(std::span<const std::byte> packet);

}  // namespace fairlead::lab
