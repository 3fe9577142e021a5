#include "net/udp_batch_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "support/command.h"

namespace fairlead::net {
namespace {

using test::output_of;

base::SocketAddress at(std::string_view text) {
    return base::SocketAddress::parse(text).value();
}

std::string text_of(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

UdpBatchSocket open(const base::SocketAddress& address, int receive_buffer_bytes = 0) {
    auto socket = UdpBatchSocket::open({address, false, false, receive_buffer_bytes});
    EXPECT_TRUE(socket) << socket.error().message;
    return *std::move(socket);
}

void put(UdpBatchSocket& socket, const UdpPeer& to, std::string_view text) {
    std::ranges::copy(text, socket.space().begin());
    socket.commit(to, text.size());
}

class UdpBatchSocketTest : public testing::Test {
  protected:
    UdpBatchSocket server_ = open({at("127.0.0.1:1").address, 0});
    UdpBatchSocket client_ = open({at("127.0.0.1:1").address, 0});
    const UdpPeer to_server_{server_.address(), client_.address().address, 0};
};

TEST_F(UdpBatchSocketTest, TakesAndSendsAFullBatchWithOneCallEach) {
    constexpr std::size_t kCount = UdpBatchSocket::kBatch;
    for (std::size_t i = 0; i < kCount; ++i)
        put(client_, to_server_, std::to_string(i));
    EXPECT_EQ(client_.counts().send_calls, 1U) << "a full batch leaves by itself";
    const auto batch = server_.receive();
    ASSERT_EQ(batch.size(), kCount);
    EXPECT_EQ(text_of(batch[63].bytes), "63");
    EXPECT_EQ(batch[63].peer, (UdpPeer{client_.address(), server_.address().address, 0}));
    for (const auto& datagram : batch)
        put(server_, datagram.peer, text_of(datagram.bytes) + "!");
    EXPECT_EQ(server_.counts().receive_calls, 1U);
    EXPECT_EQ(server_.counts().send_calls, 1U);
    const auto replies = client_.receive();
    ASSERT_EQ(replies.size(), kCount);
    EXPECT_EQ(text_of(replies[63].bytes), "63!");
    EXPECT_TRUE(client_.receive().empty());
}

TEST_F(UdpBatchSocketTest, ThrowsDatagramsAwayThatAreTooLargeAndCountsThem) {
    // Another program sends it: this one cannot.
    output_of(
        "python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); a = "
        "(\"127.0.0.1\", " +
        std::to_string(server_.address().port) +
        "); [s.sendto(b\"x\" * size, a) for size in (4097, 4096, 0, 9000)]'");
    const auto batch = server_.receive();
    ASSERT_EQ(batch.size(), 2U);
    EXPECT_EQ(batch[0].bytes.size(), 4096U);
    EXPECT_EQ(batch[1].bytes.size(), 0U);
    EXPECT_EQ(server_.counts().oversize, 2U);
}

TEST_F(UdpBatchSocketTest, OneDatagramThatCannotBeSentDoesNotStopTheOthers) {
    output_of(
        "nft 'add table ip t; add chain ip t c { type filter hook output priority 0; }; add rule ip t c ip "
        "daddr "
        "127.0.0.9 drop'");
    put(client_, to_server_, "a");
    put(client_, {at("127.0.0.9:9"), to_server_.local, 0}, "not permitted");
    put(client_, {at("203.0.113.1:9"), to_server_.local, 0}, "no way there");
    put(client_, to_server_, "b");
    client_.flush();
    const auto batch = server_.receive();
    ASSERT_EQ(batch.size(), 2U);
    EXPECT_EQ(text_of(batch[1].bytes), "b");
    EXPECT_EQ(client_.counts().sent, 2U);
    EXPECT_EQ(client_.counts().not_sent, 2U);
    output_of("nft flush ruleset");
}

TEST_F(UdpBatchSocketTest, CountsWhatTheKernelThrewAwayWhileItDidNotRead) {
    auto small = open({at("127.0.0.1:1").address, 0}, 1);
    const UdpPeer to_small{small.address(), client_.address().address, 0};
    constexpr std::uint64_t kSent = 1000;
    for (std::uint64_t i = 0; i < kSent; ++i)
        put(client_, to_small, "x");
    client_.flush();
    while (!small.receive().empty()) {
    }
    // The kernel tells with the next datagram.
    put(client_, to_small, "y");
    client_.flush();
    EXPECT_EQ(small.receive().size(), 1U);
    EXPECT_GT(small.counts().overflowed, 0U);
    EXPECT_EQ(small.counts().overflowed + small.counts().received, kSent + 1);
}

TEST_F(UdpBatchSocketTest, AWaitingErrorOfAnEarlierReplyCostsNothing) {
    {
        auto gone = open({at("127.0.0.1:1").address, 0});
        put(gone, to_server_, "bye");
        gone.flush();
    }
    const auto batch = server_.receive();
    ASSERT_EQ(batch.size(), 1U);
    put(server_, batch[0].peer, "nobody takes this");
    server_.flush();
    put(client_, to_server_, "next");
    client_.flush();
    ASSERT_EQ(server_.receive().size(), 1U);
}

}  // namespace
}  // namespace fairlead::net
