#include "agent/listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/event_loop.h"
#include "support/command.h"

namespace fairlead::agent {
namespace {

using testing::HasSubstr;

base::SocketAddress at(std::string_view text) {
    return base::SocketAddress::parse(text).value();
}

/// The addresses of all listening TCP sockets of this namespace, sorted, one a line.
std::string listening() {
    return test::output_of("ss -Hltn | awk '{print $4}' | sort");
}

class ListenersTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto started = listeners_.listen(at("0.0.0.0:7001"), at("127.0.0.1:7002"));
        ASSERT_TRUE(started) << started.error().message;
    }

    net::EventLoop loop_;
    Listeners listeners_{loop_, [](const net::HttpQuestion&) { return net::HttpAnswer{}; },
                         [](const net::HttpQuestion&) { return net::HttpAnswer{}; }};
};

TEST_F(ListenersTest, MoveToFreeAddresses) {
    ASSERT_TRUE(listeners_.listen(at("0.0.0.0:7003"), at("127.0.0.1:7002")));
    EXPECT_EQ(listening(), "0.0.0.0:7003\n127.0.0.1:7002\n");
}

TEST_F(ListenersTest, MoveFromTheWildcardToLoopbackOnTheSamePortAndBack) {
    ASSERT_TRUE(listeners_.listen(at("127.0.0.1:7001"), at("127.0.0.1:7002")));
    EXPECT_EQ(listening(), "127.0.0.1:7001\n127.0.0.1:7002\n");
    ASSERT_TRUE(listeners_.listen(at("0.0.0.0:7001"), at("127.0.0.1:7002")));
    EXPECT_EQ(listening(), "0.0.0.0:7001\n127.0.0.1:7002\n");
}

TEST_F(ListenersTest, SwapTheirPorts) {
    ASSERT_TRUE(listeners_.listen(at("127.0.0.1:7002"), at("0.0.0.0:7001")));
    EXPECT_EQ(listening(), "0.0.0.0:7001\n127.0.0.1:7002\n");
    ASSERT_TRUE(listeners_.listen(at("127.0.0.1:7001"), at("127.0.0.1:7002")));
    EXPECT_EQ(listening(), "127.0.0.1:7001\n127.0.0.1:7002\n");
}

TEST_F(ListenersTest, StayBothWhereTheyWereWhenOneCannotMove) {
    const auto stranger = net::HttpServer::listen(loop_, at("127.0.0.1:7009"), {});
    ASSERT_TRUE(stranger);
    // Once bound beside the old ones, once after those had to be closed.
    for (const auto* health : {"0.0.0.0:7003", "127.0.0.1:7001", "127.0.0.1:7002"}) {
        const auto moved = listeners_.listen(at(health), at("127.0.0.1:7009"));
        ASSERT_FALSE(moved);
        EXPECT_THAT(moved.error().message, HasSubstr("listen on 127.0.0.1:7009: Address already in use "
                                                     "(kube-proxy or another agent?)"));
        EXPECT_EQ(listening(), "0.0.0.0:7001\n127.0.0.1:7002\n127.0.0.1:7009\n");
    }
    EXPECT_TRUE(listeners_.listen(at("0.0.0.0:7003"), at("127.0.0.1:7002")))
        << "a refused move is in nobody's way";
}

TEST_F(ListenersTest, TakeWhatIsFreeAndSayWhatIsNotWhenTheyMayKeepTrying) {
    auto stranger = net::HttpServer::listen(loop_, at("127.0.0.1:7009"), {});
    ASSERT_TRUE(stranger);
    listeners_.keep_trying(at("127.0.0.1:7003"), at("127.0.0.1:7009"));
    EXPECT_EQ(listening(), "127.0.0.1:7002\n127.0.0.1:7003\n127.0.0.1:7009\n");
    EXPECT_THAT(listeners_.problems(), testing::ElementsAre(HasSubstr("listen on 127.0.0.1:7009: ")));
    stranger->reset();
    listeners_.keep_trying(at("127.0.0.1:7003"), at("127.0.0.1:7009"));
    EXPECT_EQ(listening(), "127.0.0.1:7003\n127.0.0.1:7009\n");
    EXPECT_TRUE(listeners_.problems().empty());
}

}  // namespace
}  // namespace fairlead::agent
