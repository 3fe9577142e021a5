#include "agent/conntrack_usage.h"

#include <gtest/gtest.h>

#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/conntrack_fixture.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::agent {
namespace {

class ConntrackUsageTest : public testing::Test {
  protected:
    void SetUp() override {
        auto dns = test::service("dns", {"10.96.0.10", "fd00:96::10"});
        dns.ports = {{"dns", base::L4Protocol::kUdp, 53, 0, std::uint16_t{0}, ""}};
        proxy_.stage(test::change({}, test::shared(std::move(dns))));
        auto slice = test::slice("dns", {"10.64.0.9", "10.64.0.1"});
        slice.pods.set(1, "dns-1");
        proxy_.stage(test::change({}, test::shared(std::move(slice))));
    }
    void TearDown() override {
        kernel::conntrack::FlowFilter udp;
        udp.protocol = static_cast<std::uint8_t>(base::L4Protocol::kUdp);
        EXPECT_TRUE(table_.delete_matching(udp));
    }

    static void insert(std::initializer_list<kernel::conntrack::Flow> flows) {
        ASSERT_EQ(test::insert_into_kernel(std::vector(flows)), 0);
    }

    /// What it tells.
    std::string look(ConntrackUsage& usage) {
        std::string told = "nothing";
        loop_.post([&] {
            usage.look([&](const std::string& sentence) {
                told = sentence;
                loop_.stop();
            });
        });
        loop_.run();
        return told;
    }

    net::EventLoop loop_;
    test::FakeNftTables tables_;
    services::ServiceProxy proxy_{services::Options{}, tables_};
    kernel::conntrack::NetlinkConntrackTable table_ = *kernel::conntrack::NetlinkConntrackTable::open();
};

TEST_F(ConntrackUsageTest, NamesTheServiceThePodThePeerAndTheStateWithMostFlows) {
    insert({test::udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:53"),
            test::udp_flow("10.9.0.1:2", "10.96.0.10:53", "10.64.0.1:53"),
            test::udp_flow("[fd00::9]:3", "[fd00:96::10]:53", "[fd00:64::1]:53"),
            test::udp_flow("10.9.0.2:4", "10.77.0.1:53", "10.77.0.1:53")});
    ConntrackUsage usage{loop_, proxy_};
    EXPECT_EQ(look(usage),
              "most: Service shop/dns 75 % (100 % unreplied), answered by shop/dns-1 50 % (100 % unreplied), "
              "peer 10.9.0.1 50 % (100 % unreplied), state udp UNREPLIED 100 %");
}

TEST_F(ConntrackUsageTest, TellsTheSameAgainWithinItsPause) {
    ConntrackUsage usage{loop_, proxy_};
    EXPECT_EQ(look(usage), "") << "no flows";
    insert({test::udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:53")});
    EXPECT_EQ(look(usage), "");
    ConntrackUsage another{loop_, proxy_};
    EXPECT_TRUE(look(another).starts_with("most: Service shop/dns 100 %"));
}

TEST_F(ConntrackUsageTest, AllWhoAskDuringOneLookAreTold) {
    insert({test::udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:53")});
    ConntrackUsage usage{loop_, proxy_};
    std::vector<std::string> told;
    loop_.post([&] {
        for (int i = 0; i < 3; ++i)
            usage.look([&](const std::string& sentence) {
                told.push_back(sentence);
                if (told.size() == 3) loop_.stop();
            });
    });
    loop_.run();
    EXPECT_EQ(told, std::vector<std::string>(3, told.front()));
    EXPECT_NE(told.front(), "");
}

TEST_F(ConntrackUsageTest, GoesInTheMidstOfALook) {
    {
        ConntrackUsage usage{loop_, proxy_};
        usage.look([](const std::string&) { FAIL() << "told after its end"; });
    }
    loop_.post([&] { loop_.stop(); });
    loop_.run();
}

}  // namespace
}  // namespace fairlead::agent
