#include "net/tcp_segment.h"

#include <algorithm>

#include "base/assert.h"

namespace fairlead::net {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;
constexpr std::size_t kTcpHeaderBytes = 20;
constexpr std::size_t kTcpChecksumOffset = 16;
constexpr std::size_t kIpv4ChecksumOffset = 10;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kHopLimit = 64;

std::uint8_t byte_at(Bytes bytes, std::size_t offset) {
    return std::to_integer<std::uint8_t>(bytes[offset]);
}

std::uint16_t u16_at(Bytes bytes, std::size_t offset) {
    return static_cast<std::uint16_t>((byte_at(bytes, offset) << 8U) | byte_at(bytes, offset + 1));
}

std::uint32_t u32_at(Bytes bytes, std::size_t offset) {
    return (std::uint32_t{u16_at(bytes, offset)} << 16U) | u16_at(bytes, offset + 2);
}

/// A packet that is being written.
class Writer {
  public:
    void u8(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }
    void u16(std::uint16_t value) {
        u8(static_cast<std::uint8_t>(value >> 8U));
        u8(static_cast<std::uint8_t>(value));
    }
    void u32(std::uint32_t value) {
        u16(static_cast<std::uint16_t>(value >> 16U));
        u16(static_cast<std::uint16_t>(value));
    }
    void address(const base::IpAddress& address) {
        std::ranges::copy(address.bytes(), std::back_inserter(bytes_));
    }
    void zeros(std::size_t count) { bytes_.resize(bytes_.size() + count); }
    void set_u16(std::size_t offset, std::uint16_t value) {
        bytes_[offset] = static_cast<std::byte>(value >> 8U);
        bytes_[offset + 1] = static_cast<std::byte>(value);
    }
    [[nodiscard]] Bytes bytes() const { return bytes_; }
    [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

/// The sum of 16-bit words that RFC 1071 builds its checksum of.
std::uint32_t sum_of(Bytes bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        sum += u16_at(bytes, i);
    if (bytes.size() % 2 == 1) sum += std::uint32_t{byte_at(bytes, bytes.size() - 1)} << 8U;
    return sum;
}

std::uint16_t checksum_of(std::uint32_t sum) {
    constexpr std::uint32_t kLow = 0xffff;
    while (sum > kLow)
        sum = (sum & kLow) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

void put_ip_header(Writer& packet, const TcpSegment& segment) {
    const auto& source = segment.source.address;
    const auto& destination = segment.destination.address;
    const auto tcp_bytes = static_cast<std::uint16_t>(kTcpHeaderBytes + segment.payload_bytes);
    if (source.family() == base::Family::kIpv4) {
        packet.u16(0x4500);  // version 4, a header of five words
        packet.u16(static_cast<std::uint16_t>(kIpv4HeaderBytes + tcp_bytes));
        packet.u32(0x4000);  // no identification, do not fragment
        packet.u8(kHopLimit);
        packet.u8(kTcp);
        packet.u16(0);
    } else {
        packet.u32(0x60000000);  // version 6
        packet.u16(tcp_bytes);
        packet.u8(kTcp);
        packet.u8(kHopLimit);
    }
    packet.address(source);
    packet.address(destination);
    if (source.family() == base::Family::kIpv4)
        packet.set_u16(kIpv4ChecksumOffset, checksum_of(sum_of(packet.bytes())));
}

/// Where TCP begins, and how long it is.
struct TcpPart {
    Bytes bytes;  ///< what was captured of it
    std::size_t length_bytes = 0;
};

std::optional<TcpPart> tcp_of_ipv4(Bytes packet) {
    constexpr std::uint16_t kFragmentOffset = 0x1fff;
    if (packet.size() < kIpv4HeaderBytes) return std::nullopt;
    const std::size_t header = (byte_at(packet, 0) & 0xfU) * std::size_t{4};
    const std::size_t total = u16_at(packet, 2);
    const bool later_fragment = (u16_at(packet, 6) & kFragmentOffset) != 0;
    if (header < kIpv4HeaderBytes || total < header || packet.size() < header) return std::nullopt;
    if (byte_at(packet, 9) != kTcp || later_fragment) return std::nullopt;
    return TcpPart{packet.subspan(header), total - header};
}

std::optional<TcpPart> tcp_of_ipv6(Bytes packet) {
    if (packet.size() < kIpv6HeaderBytes || byte_at(packet, 6) != kTcp) return std::nullopt;
    return TcpPart{packet.subspan(kIpv6HeaderBytes), u16_at(packet, 4)};
}

base::IpAddress address_at(Bytes packet, base::Family family, bool destination) {
    const auto size = base::address_size_bytes(family);
    const std::size_t source = family == base::Family::kIpv4 ? 12 : 8;
    return base::IpAddress{packet.subspan(source + (destination ? size : 0), size)};
}

}  // namespace

std::uint32_t TcpSegment::next_sequence() const {
    return sequence + payload_bytes + (has(tcp_flag::kSyn) ? 1U : 0U) + (has(tcp_flag::kFin) ? 1U : 0U);
}

std::vector<std::byte> encode_segment(const TcpSegment& segment) {
    constexpr std::uint32_t kMostPayloadBytes = 1000;
    constexpr std::uint8_t kFiveWords = 0x50;
    FAIRLEAD_ASSERT(segment.payload_bytes <= kMostPayloadBytes);
    FAIRLEAD_ASSERT(segment.source.address.family() == segment.destination.address.family());
    Writer packet;
    put_ip_header(packet, segment);
    const auto begin = packet.bytes().size();
    packet.u16(segment.source.port);
    packet.u16(segment.destination.port);
    packet.u32(segment.sequence);
    packet.u32(segment.acknowledged);
    packet.u8(kFiveWords);
    packet.u8(segment.flags);
    packet.u16(segment.window);
    packet.u32(0);  // checksum, urgent pointer
    packet.zeros(segment.payload_bytes);
    const auto tcp = packet.bytes().subspan(begin);
    const auto sum = sum_of(segment.source.address.bytes()) + sum_of(segment.destination.address.bytes()) +
                     kTcp + static_cast<std::uint32_t>(tcp.size()) + sum_of(tcp);
    packet.set_u16(begin + kTcpChecksumOffset, checksum_of(sum));
    return packet.take();
}

std::optional<TcpSegment> decode_segment(std::span<const std::byte> packet) {
    constexpr unsigned kVersion4 = 4;
    constexpr unsigned kVersion6 = 6;
    if (packet.empty()) return std::nullopt;
    const unsigned version = byte_at(packet, 0) >> 4U;
    if (version != kVersion4 && version != kVersion6) return std::nullopt;
    const auto family = version == kVersion4 ? base::Family::kIpv4 : base::Family::kIpv6;
    const auto tcp = family == base::Family::kIpv4 ? tcp_of_ipv4(packet) : tcp_of_ipv6(packet);
    if (!tcp || tcp->bytes.size() < kTcpHeaderBytes) return std::nullopt;
    const std::size_t header = (byte_at(tcp->bytes, 12) >> 4U) * std::size_t{4};
    if (header < kTcpHeaderBytes || header > tcp->length_bytes) return std::nullopt;
    TcpSegment segment;
    segment.source = {address_at(packet, family, false), u16_at(tcp->bytes, 0)};
    segment.destination = {address_at(packet, family, true), u16_at(tcp->bytes, 2)};
    segment.sequence = u32_at(tcp->bytes, 4);
    segment.acknowledged = u32_at(tcp->bytes, 8);
    segment.flags = byte_at(tcp->bytes, 13);
    segment.window = u16_at(tcp->bytes, 14);
    segment.payload_bytes = static_cast<std::uint32_t>(tcp->length_bytes - header);
    return segment;
}

}  // namespace fairlead::net
