#include "lab/dns_packet.h"

namespace fairlead::lab {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint8_t kUdp = 17;
constexpr std::size_t kUdpHeaderBytes = 8;

std::uint8_t byte_at(Bytes bytes, std::size_t offset) {
    return std::to_integer<std::uint8_t>(bytes[offset]);
}

std::uint16_t u16_at(Bytes bytes, std::size_t offset) {
    return static_cast<std::uint16_t>((byte_at(bytes, offset) << 8U) | byte_at(bytes, offset + 1));
}

/// The UDP header and what follows, and the addresses, of a packet of one of the two IP versions.
struct IpPacket {
    base::IpAddress source;
    base::IpAddress destination;
    Bytes udp;
};

std::optional<IpPacket> split_ipv4(Bytes packet) {  // RFC 791, section 3.1
    constexpr std::size_t kLeastHeaderBytes = 20;
    constexpr std::uint16_t kFragmentOffset = 0x1fff;
    if (packet.size() < kLeastHeaderBytes) return std::nullopt;
    const std::size_t header_bytes = (byte_at(packet, 0) & std::size_t{0x0f}) * 4;
    const bool later_fragment = (u16_at(packet, 6) & kFragmentOffset) != 0;
    if (header_bytes < kLeastHeaderBytes || packet.size() < header_bytes || byte_at(packet, 9) != kUdp ||
        later_fragment)
        return std::nullopt;
    return IpPacket{base::IpAddress{packet.subspan(12, 4)}, base::IpAddress{packet.subspan(16, 4)},
                    packet.subspan(header_bytes)};
}

std::optional<IpPacket> split_ipv6(Bytes packet) {  // RFC 8200, section 3
    constexpr std::size_t kHeaderBytes = 40;
    if (packet.size() < kHeaderBytes || byte_at(packet, 6) != kUdp) return std::nullopt;
    return IpPacket{base::IpAddress{packet.subspan(8, 16)}, base::IpAddress{packet.subspan(24, 16)},
                    packet.subspan(kHeaderBytes)};
}

std::optional<IpPacket> split(Bytes packet) {
    if (packet.empty()) return std::nullopt;
    switch (byte_at(packet, 0) >> 4U) {
        case 4:
            return split_ipv4(packet);
        case 6:
            return split_ipv6(packet);
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<DnsPacket> decode_dns_packet(Bytes packet) {
    const auto ip = split(packet);
    if (!ip || ip->udp.size() < kUdpHeaderBytes) return std::nullopt;
    const DnsPacket dns{{ip->source, u16_at(ip->udp, 0)}, {ip->destination, u16_at(ip->udp, 2)}};
    if (dns.source.port != DnsPacket::kPort && !dns.is_query()) return std::nullopt;
    return dns;
}

}  // namespace fairlead::lab
