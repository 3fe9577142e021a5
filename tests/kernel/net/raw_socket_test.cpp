#include "net/raw_socket.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "support/command.h"

namespace fairlead::net {
namespace {

TEST(RawSocket, SendsASegmentAsItIsWhoeverItIsFrom) {
    test::output_of("ip link set lo up");
    const int tap = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
    ASSERT_GE(tap, 0);
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ASSERT_EQ(setsockopt(tap, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    for (const auto& [from, to] :
         {std::pair{"10.96.0.10:80", "127.0.0.1:4000"}, {"[fd00:96::10]:80", "[::1]:4000"}}) {
        const TcpSegment sent{base::SocketAddress::parse(from).value(),
                              base::SocketAddress::parse(to).value(),
                              7,
                              9,
                              tcp_flag::kSyn | tcp_flag::kAck,
                              0,
                              0};
        auto raw = RawSocket::open(sent.destination.address.family());
        ASSERT_TRUE(raw);
        ASSERT_TRUE(raw->send(sent));
        std::optional<TcpSegment> seen;
        while (seen != sent) {
            std::array<std::byte, 256> packet{};
            const auto size = recv(tap, packet.data(), packet.size(), 0);
            ASSERT_GT(size, 0) << from;
            seen = decode_segment({packet.data(), static_cast<std::size_t>(size)});
        }
    }
    close(tap);
}

}  // namespace
}  // namespace fairlead::net
