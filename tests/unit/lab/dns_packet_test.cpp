#include "lab/dns_packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fairlead::lab {
namespace {

using Packet = std::vector<std::byte>;

void put(Packet& packet, std::size_t offset, std::uint16_t value) {
    packet[offset] = static_cast<std::byte>(value >> 8U);
    packet[offset + 1] = static_cast<std::byte>(value);
}

/// A packet without checksums and without payload. IPv4 has `options` 32-bit words of options.
Packet udp_packet(std::string_view from, std::string_view to, unsigned options = 0) {
    const auto source = base::SocketAddress::parse(from).value();
    const auto destination = base::SocketAddress::parse(to).value();
    const bool ipv4 = source.address.family() == base::Family::kIpv4;
    const std::size_t header = ipv4 ? 20 + 4 * options : 40;
    Packet packet(header + 8);
    packet[0] = static_cast<std::byte>(ipv4 ? 0x45 + options : 0x60);
    packet[ipv4 ? 9 : 6] = std::byte{17};
    std::ranges::copy(source.address.bytes(), packet.begin() + (ipv4 ? 12 : 8));
    std::ranges::copy(destination.address.bytes(), packet.begin() + (ipv4 ? 16 : 24));
    put(packet, header, source.port);
    put(packet, header + 2, destination.port);
    return packet;
}

TEST(DnsPacket, IsAnyUdpPacketFromOrToPort53) {
    struct {
        const char* from;
        const char* to;
        bool is_query;
    } const cases[] = {
        {"10.64.1.2:40000", "10.96.0.10:53", true},
        {"10.96.0.10:53", "10.64.1.2:40000", false},
        {"[fd00::2]:40000", "[fd00::a]:53", true},
        {"[fd00::a]:53", "[fd00::2]:40000", false},
    };
    for (const auto& one : cases) {
        const auto packet = decode_dns_packet(udp_packet(one.from, one.to));
        ASSERT_TRUE(packet) << one.from;
        EXPECT_EQ(packet->source.to_string(), one.from);
        EXPECT_EQ(packet->destination.to_string(), one.to);
        EXPECT_EQ(packet->is_query(), one.is_query) << one.from;
    }
    const auto with_options = decode_dns_packet(udp_packet("10.64.1.2:40000", "10.96.0.10:53", 3));
    ASSERT_TRUE(with_options);
    EXPECT_EQ(with_options->source.port, 40000);
}

TEST(DnsPacket, OfOtherPortsProtocolsAndVersionsIsNone) {
    EXPECT_FALSE(decode_dns_packet(udp_packet("10.64.1.2:40000", "10.96.0.10:5353")));
    for (const auto* to : {"10.96.0.10:53", "[fd00::a]:53"}) {
        const bool ipv4 = to[0] != '[';
        const auto good = udp_packet(ipv4 ? "10.64.1.2:4" : "[fd00::2]:4", to);
        auto tcp = good;
        tcp[ipv4 ? 9 : 6] = std::byte{6};
        EXPECT_FALSE(decode_dns_packet(tcp)) << to;
        auto version = good;
        version[0] = std::byte{0x50};
        EXPECT_FALSE(decode_dns_packet(version)) << to;
        for (std::size_t size = 0; size < good.size(); ++size)
            EXPECT_FALSE(decode_dns_packet(std::span{good}.first(size))) << to << " cut to " << size;
    }
}

TEST(DnsPacket, OfAnIpv4HeaderThatIsTooShortOrALaterFragmentIsNone) {
    const auto good = udp_packet("10.64.1.2:40000", "10.96.0.10:53");
    auto fragment = good;
    put(fragment, 6, 0x2001);
    EXPECT_FALSE(decode_dns_packet(fragment));
    auto first_fragment = good;
    put(first_fragment, 6, 0x2000);
    EXPECT_TRUE(decode_dns_packet(first_fragment));
    auto short_header = good;
    short_header[0] = std::byte{0x44};
    EXPECT_FALSE(decode_dns_packet(short_header));
    auto long_header = good;
    long_header[0] = std::byte{0x4f};
    EXPECT_FALSE(decode_dns_packet(long_header));
}

}  // namespace
}  // namespace fairlead::lab
