#include "net/tcp_segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

namespace fairlead::net {
namespace {

base::SocketAddress at(std::string_view text) {
    return base::SocketAddress::parse(text).value();
}

TcpSegment segment(std::string_view from, std::string_view to, std::uint8_t flags, std::uint32_t sequence,
                   std::uint32_t payload) {
    return {at(from), at(to), sequence, 77, flags, 502, payload};
}

std::vector<std::byte> bytes_of(std::string_view hex) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return bytes;
}

TEST(TcpSegmentEncoding, HasTheChecksumsOfRfc1071) {
    struct {
        TcpSegment segment;
        const char* bytes;
    } const cases[] = {
        {{at("10.64.1.3:8080"), at("10.64.1.2:46562"), 0x01020304, 0x0a0b0c0d, 0x18, 502, 3},
         "4500002b0000400040062449"
         "0a4001030a400102"
         "1f90b5e2010203040a0b0c0d501801f6a7be0000000000"},
        {{at("[fd00::1]:80"), at("[fd00::2]:1000"), 1, 2, 0x04, 0, 0},
         "6000000000140640"
         "fd000000000000000000000000000001"
         "fd000000000000000000000000000002"
         "005003e80000000100000002500400"
         "00b1a10000"},
    };
    for (const auto& one : cases)
        EXPECT_THAT(encode_segment(one.segment), testing::ElementsAreArray(bytes_of(one.bytes)));
}

TEST(TcpSegmentDecoding, GivesBackWhatWasEncoded) {
    for (const auto& one : {segment("10.0.0.1:80", "10.0.0.2:1000", tcp_flag::kSyn, 0xffffffff, 0),
                            segment("[fd00::1]:80", "[fd00::2]:1000", tcp_flag::kAck, 5, 1000)})
        EXPECT_EQ(decode_segment(encode_segment(one)), one);
}

TEST(TcpSegmentDecoding, NeedsNoMoreThanTheHeaders) {
    const auto whole = segment("10.0.0.1:80", "10.0.0.2:1000", tcp_flag::kAck, 5, 1000);
    const auto packet = encode_segment(whole);
    EXPECT_EQ(decode_segment(std::span{packet}.first(40)), whole);
    EXPECT_EQ(decode_segment(std::span{packet}.first(39)), std::nullopt);
}

TEST(TcpSegmentDecoding, RefusesWhatIsNoSegment) {
    const auto changed = [](std::size_t offset, unsigned value) {
        auto packet = encode_segment(segment("10.0.0.1:80", "10.0.0.2:1000", tcp_flag::kAck, 5, 8));
        packet[offset] = static_cast<std::byte>(value);
        return decode_segment(packet);
    };
    EXPECT_TRUE(changed(1, 0x10));  // type of service
    EXPECT_FALSE(changed(0, 0x55)) << "version";
    EXPECT_FALSE(changed(0, 0x44)) << "IP header too short";
    EXPECT_FALSE(changed(9, 17)) << "UDP";
    EXPECT_FALSE(changed(7, 1)) << "a later fragment";
    EXPECT_FALSE(changed(32, 0x40)) << "TCP header too short";
    EXPECT_FALSE(changed(32, 0xf0)) << "TCP header longer than the packet";
    EXPECT_FALSE(decode_segment({}));
}

TEST(TcpSegment, CountsSynAndFinInTheSequence) {
    EXPECT_EQ(segment("10.0.0.1:80", "10.0.0.2:1", tcp_flag::kSyn, 0xffffffff, 0).next_sequence(), 0U);
    EXPECT_EQ(segment("10.0.0.1:80", "10.0.0.2:1", tcp_flag::kFin, 10, 5).next_sequence(), 16U);
}

}  // namespace
}  // namespace fairlead::net
