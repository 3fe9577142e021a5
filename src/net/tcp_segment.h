#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/socket_address.h"

namespace fairlead::net {

/// Bits of TcpSegment::flags (RFC 9293, section 3.1).
namespace tcp_flag {
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kReset = 0x04;
inline constexpr std::uint8_t kPush = 0x08;
inline constexpr std::uint8_t kAck = 0x10;
}  // namespace tcp_flag

/// A TCP segment in an IPv4 or IPv6 packet; both addresses are of one family.
struct TcpSegment {
    base::SocketAddress source;
    base::SocketAddress destination;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledged = 0;
    std::uint8_t flags = 0;  ///< tcp_flag::k*
    std::uint16_t window = 0;
    std::uint32_t payload_bytes = 0;

    [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    /// The sequence number after it: SYN and FIN count as one each.
    [[nodiscard]] std::uint32_t next_sequence() const;

    friend bool operator==(const TcpSegment&, const TcpSegment&) = default;
};

/// The whole packet, IP header first, with correct checksums and a payload of zeros; no options. Pure.
/// `payload_bytes` at most 1,000, so that it fits into any Ethernet frame.
std::vector<std::byte> encode_segment(const TcpSegment& segment);

/// Reads a packet that begins with its IP header and may be cut off after the TCP header. nullopt for what is
/// no TCP, is a later fragment, has IPv6 extension headers, or contradicts itself. Checksums are not looked
/// at: a device may fill them in later. Pure.
std::optional<TcpSegment> decode_segment(std::span<const std::byte> packet);

}  // namespace fairlead::net
