#include "dns_server/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <thread>

#include "dns_server/dns_server.h"
#include "kernel/dns_server/marking_handler.h"
#include "support/addresses.h"
#include "support/command.h"
#include "support/dns_client.h"

namespace fairlead::dns_server {
namespace {

using namespace std::chrono_literals;
using base::IpAddress;
using test::address;
using test::ask_tcp;
using test::ask_udp;
using test::FramedConnection;
using test::output_of;
using testing::HasSubstr;

/// With a NUL for the first byte of the id, which a literal cannot begin with and go on.
std::string query(const std::string& what) {
    return std::string(1, '\0') + "\1" + what;
}

dns::UpstreamServer server_at(const base::SocketAddress& address) {
    dns::UpstreamServer server;
    server.address = address;
    return server;
}

class WorkerTest : public testing::Test {
  protected:
    void start(const std::vector<std::string>& listen, std::size_t workers = 1,
               dns::UpstreamTransport upstream = dns::UpstreamTransport::kUdp) {
        options_.listen.clear();
        for (const auto& at : listen)
            options_.listen.push_back({{address(at), 0}, false});
        auto server = DnsServer::start(
            workers, options_,
            [&](std::size_t) { return std::make_unique<MarkingHandler>("here", upstream); },
            [](const std::string&) {});
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }
    [[nodiscard]] std::uint16_t port(std::size_t at = 0) const { return server_->addresses()[at].port; }

    WorkerOptions options_;
    std::unique_ptr<DnsServer> server_;
};

TEST_F(WorkerTest, AnswersOverUdpAndTcpOfBothFamiliesAtOnceAndLater) {
    start({"127.0.0.1", "::1"});
    const char* const at[] = {"127.0.0.1", "::1"};
    for (std::size_t i = 0; i < 2; ++i)
        for (const auto* what : {"now", "later"}) {
            EXPECT_EQ(ask_udp(address(at[i]), port(i), query(what)), "here") << at[i] << ' ' << what;
            EXPECT_EQ(ask_tcp(address(at[i]), port(i), query(what)), "here") << at[i] << ' ' << what;
        }
    EXPECT_EQ(ask_udp(address("127.0.0.1"), port(), query("silence"), 100ms), "nothing");
    EXPECT_EQ(server_->counts()[0].late_replies, 4U);
}

TEST_F(WorkerTest, ARepliesComesFromTheAddressThatWasAskedThoughTheSocketHasAll) {
    output_of(
        "ip address add 10.9.0.1/32 dev lo; ip address add 10.9.0.2/32 dev lo; "
        "ip address add fd00:9::1/128 dev lo nodad; ip address add fd00:9::2/128 dev lo nodad");
    start({"0.0.0.0", "::"});
    // A connected socket takes replies from there alone.
    for (const auto* at : {"10.9.0.1", "10.9.0.2", "127.0.0.1"})
        for (const auto* what : {"now", "later"})
            EXPECT_EQ(ask_udp(address(at), port(0), query(what)), "here") << at;
    for (const auto* at : {"fd00:9::1", "fd00:9::2", "::1"})
        EXPECT_EQ(ask_udp(address(at), port(1), query("now")), "here") << at;
}

TEST_F(WorkerTest, SeveralWorkersShareTheClients) {
    start({"127.0.0.1"}, 2);
    for (int i = 0; i < 64; ++i)
        ASSERT_EQ(ask_udp(address("127.0.0.1"), port(), query("now")), "here");
    server_->stop(2s, [] {});  // a reply may be there before the worker has told that it sent it
    std::uint64_t received = 0;
    for (const auto& counts : server_->counts()) {
        EXPECT_GT(counts.udp.received, 0U);
        received += counts.udp.received;
    }
    EXPECT_EQ(received, 64U);
}

TEST_F(WorkerTest, AnAddressThatIsTakenIsNamed) {
    start({"127.0.0.1"});
    WorkerOptions twice;
    twice.listen = {{{address("10.255.255.1"), 5353}, false}};
    const auto refused = DnsServer::start(
        1, twice, [](std::size_t) { return std::make_unique<MarkingHandler>("there"); },
        [](const std::string&) {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("bind to UDP 10.255.255.1:5353: Cannot assign"));
}

TEST_F(WorkerTest, ManyFramesOnOneConnectionAreAllAnswered) {
    start({"127.0.0.1"});
    FramedConnection connection{address("127.0.0.1"), port()};
    std::string all;
    for (int i = 0; i < 1000; ++i)
        all += test::frame_of(query(i % 2 == 0 ? "now" : "later"));
    std::thread sender{[&] { EXPECT_TRUE(connection.send(all)); }};
    for (int i = 0; i < 1000; ++i)
        ASSERT_EQ(connection.receive(), "here") << i;
    sender.join();
}

TEST_F(WorkerTest, AFrameMayComeByteByByte) {
    start({"127.0.0.1"});
    FramedConnection connection{address("127.0.0.1"), port()};
    for (const char byte : test::frame_of(query("now")))
        EXPECT_TRUE(connection.send(std::string(1, byte)));
    EXPECT_EQ(connection.receive(), "here");
}

TEST_F(WorkerTest, ClosesConnectionsThatAreIdleOrSlowOrSendTooLargeFrames) {
    options_.tcp.idle = 300ms;
    options_.tcp.slow_frame = 300ms;
    start({"127.0.0.1"});
    FramedConnection idle{address("127.0.0.1"), port()};
    FramedConnection slow{address("127.0.0.1"), port()};
    FramedConnection large{address("127.0.0.1"), port()};
    EXPECT_TRUE(slow.send(std::string("\0\20", 2) + "abc"));
    EXPECT_TRUE(large.send("\xff\xff"));
    for (auto* connection : {&idle, &slow, &large})
        EXPECT_THAT(connection->receive(5s), testing::AnyOf("closed", "Connection reset by peer"));
    EXPECT_EQ(ask_udp(address("127.0.0.1"), port(), query("now")), "here");
    EXPECT_EQ(server_->counts()[0].tcp.timed_out, 2U);
    EXPECT_EQ(server_->counts()[0].tcp.broken, 1U);
}

TEST_F(WorkerTest, AClientThatReadsNothingIsNotReadOnAndDisturbsNobody) {
    options_.tcp.slow_write = 400ms;
    start({"127.0.0.1"});
    std::promise<bool> ended;
    std::thread flood{[&] {
        FramedConnection connection{address("127.0.0.1"), port()};
        bool sent = true;
        for (int i = 0; i < 10'000 && sent; ++i) {
            std::string many;
            for (int j = 0; j < 1000; ++j)
                many += test::frame_of(query("now"));
            sent = connection.send(many);
        }
        ended.set_value(!sent);
    }};
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(ask_tcp(address("127.0.0.1"), port(), query("now")), "here");
    EXPECT_TRUE(ended.get_future().get()) << "the server took everything";
    flood.join();
}

TEST_F(WorkerTest, OneClientCannotTakeAllConnectionsAndIdleOnesMakeRoom) {
    output_of("ip address add 10.9.0.3/32 dev lo");
    options_.tcp.connections = 6;
    options_.tcp.connections_per_client = 4;
    start({"0.0.0.0"});
    std::vector<std::unique_ptr<FramedConnection>> held;
    for (int i = 0; i < 4; ++i) {
        held.push_back(std::make_unique<FramedConnection>(address("127.0.0.1"), port()));
        EXPECT_TRUE(held.back()->send_frame(query("now")));
        EXPECT_EQ(held.back()->receive(), "here");
    }
    EXPECT_THAT(ask_tcp(address("127.0.0.1"), port(), query("now")),
                testing::AnyOf("closed", "Connection reset by peer"));
    // From another address, and more than there is room for.
    for (int i = 0; i < 3; ++i) {
        held.push_back(std::make_unique<FramedConnection>(address("10.9.0.3"), port()));
        EXPECT_TRUE(held.back()->send_frame(query("now")));
        EXPECT_EQ(held.back()->receive(), "here") << i;
    }
    EXPECT_EQ(ask_udp(address("127.0.0.1"), port(), query("now")), "here");
    EXPECT_EQ(server_->counts()[0].tcp.refused, 1U);
    EXPECT_EQ(server_->counts()[0].tcp.displaced, 1U);
    EXPECT_EQ(held.front()->receive(), "closed") << "the one that was idle for longest";
}

TEST_F(WorkerTest, CarriesQuestionsToUpstreamsOverUdpAndTcp) {
    WorkerOptions upstream_options;
    upstream_options.listen = {{{address("127.0.0.1"), 0}, false}};
    const auto upstream = *DnsServer::start(
        1, upstream_options, [](std::size_t) { return std::make_unique<MarkingHandler>("upstream"); },
        [](const std::string&) {});
    options_.upstreams = {server_at(upstream->addresses()[0])};
    for (const auto transport : {dns::UpstreamTransport::kUdp, dns::UpstreamTransport::kTcp}) {
        start({"127.0.0.1"}, 1, transport);
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(ask_udp(address("127.0.0.1"), port(), query("ask")), "upstream");
            EXPECT_EQ(ask_tcp(address("127.0.0.1"), port(), query("ask")), "upstream");
        }
    }
    ASSERT_EQ(ask_udp(address("127.0.0.1"), upstream->addresses()[0].port), "upstream");
    EXPECT_EQ(upstream->counts()[0].tcp.connections, 1U) << "kept for all questions";
}

TEST_F(WorkerTest, AsksOtherUpstreamsFromOneQuestionToTheNext) {
    std::vector<std::unique_ptr<DnsServer>> upstreams;
    std::vector<std::vector<dns::UpstreamServer>> each;
    for (const auto* word : {"first", "second"}) {
        WorkerOptions options;
        options.listen = {{{address("127.0.0.1"), 0}, false}};
        upstreams.push_back(*DnsServer::start(
            1, options, [word](std::size_t) { return std::make_unique<MarkingHandler>(word); },
            [](const std::string&) {}));
        each.push_back({server_at(upstreams.back()->addresses()[0])});
    }
    options_.upstreams = each[0];
    start({"127.0.0.1"}, 2);
    FramedConnection connection{address("127.0.0.1"), port()};
    for (const std::size_t which : {0U, 1U, 0U}) {
        const auto done = server_->reconfigure(each[which], [](std::size_t) { return dns::Forwarding{}; });
        ASSERT_TRUE(done) << done.error().message;
        const auto* const word = which == 0 ? "first" : "second";
        for (int i = 0; i < 8; ++i)
            EXPECT_EQ(ask_udp(address("127.0.0.1"), port(), query("ask")), word) << "whichever worker it is";
        EXPECT_TRUE(connection.send_frame(query("ask")));
        EXPECT_EQ(connection.receive(), word) << "on the connection that was there";
    }
}

TEST_F(WorkerTest, AnUpstreamThatIsNotThereIsNoticedAtOnce) {
    options_.upstreams = {server_at({address("127.0.0.1"), 9})};
    for (const auto transport : {dns::UpstreamTransport::kUdp, dns::UpstreamTransport::kTcp}) {
        start({"127.0.0.1"}, 1, transport);
        EXPECT_EQ(ask_udp(address("127.0.0.1"), port(), query("ask")), "failed");
        EXPECT_EQ(ask_udp(address("127.0.0.1"), port(), query("ask")), "failed") << "again";
    }
}

TEST_F(WorkerTest, EndsInOrderWithAnAnswerToAllThatHasCome) {
    start({"127.0.0.1"});
    const auto at = port();
    FramedConnection waiting{address("127.0.0.1"), at};
    EXPECT_TRUE(waiting.send_frame(query("later")));
    auto answer =
        std::async(std::launch::async, [&] { return ask_udp(address("127.0.0.1"), at, query("later")); });
    std::this_thread::sleep_for(5ms);
    bool withdrawn = false;
    server_->stop(2s, [&] { withdrawn = true; });
    EXPECT_TRUE(withdrawn);
    EXPECT_EQ(waiting.receive(), "here");
    EXPECT_EQ(waiting.receive(), "closed");
    EXPECT_EQ(answer.get(), "here");
    EXPECT_EQ(ask_udp(address("127.0.0.1"), at, query("now")), "Connection refused");
}

TEST_F(WorkerTest, RespondsWhileItLives) {
    start({"127.0.0.1"}, 2);
    EXPECT_TRUE(server_->responds());
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(ask_udp(address("127.0.0.1"), port(), query("now")), "here");
        std::this_thread::sleep_for(20ms);
        EXPECT_TRUE(server_->responds());
    }
}

}  // namespace
}  // namespace fairlead::dns_server
