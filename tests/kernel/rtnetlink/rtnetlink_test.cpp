#include "kernel/rtnetlink/rtnetlink.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "kernel/netns/namespaces.h"
#include "support/addresses.h"
#include "support/command.h"

namespace fairlead::kernel::rtnetlink {
namespace {

using base::ErrorCode;
using test::address;
using test::output_of;
using testing::Contains;
using testing::HasSubstr;

base::Prefix prefix(std::string_view text) {
    return base::Prefix::parse(text).value();
}

class RtNetlinkTest : public testing::Test {
  protected:
    void SetUp() override {
        apply(AddVeth{"fl0", "fl1", std::nullopt});
        index_ = rtnetlink_.link("fl0")->index;
        apply(SetLink{index_, true, {}, {}, {}, {}});
        apply(SetLink{rtnetlink_.link("fl1")->index, true, {}, {}, {}, {}});
    }
    void TearDown() override { apply(DeleteLink{index_}); }

    void apply(const Request& request) {
        const auto done = rtnetlink_.apply(request);
        EXPECT_TRUE(done) << done.error().message;
    }

    RtNetlink rtnetlink_ = *RtNetlink::open();
    std::uint32_t index_ = 0;
};

TEST_F(RtNetlinkTest, MakesLinksThatIpShows) {
    apply(SetLink{index_, {}, {}, 1400, {}, {}});
    apply(AddBridge{"br0"});
    const auto bridge = rtnetlink_.link("br0")->index;
    apply(SetLink{index_, {}, {}, {}, {}, bridge});
    const auto shown = output_of("ip -j -d link show fl0");
    EXPECT_THAT(shown, HasSubstr(R"("mtu":1400)"));
    EXPECT_THAT(shown, HasSubstr(R"("info_kind":"veth")"));
    EXPECT_THAT(shown, HasSubstr(R"("master":"br0")"));
    EXPECT_THAT(*rtnetlink_.links(), Contains(Link{index_, "fl0", true, true, 1400, "veth", bridge}));
    apply(DeleteLink{bridge});
}

TEST_F(RtNetlinkTest, RenamesAndTakesDown) {
    apply(SetLink{index_, false, "other", {}, {}, {}});
    EXPECT_EQ(rtnetlink_.link("other")->up, false);
    EXPECT_EQ(rtnetlink_.link("fl0").error().code, ErrorCode::kNotFound);
}

TEST_F(RtNetlinkTest, MakesAddressesThatIpShows) {
    const LinkAddress added[] = {{index_, address("10.64.1.5"), 24, false},
                                 {index_, address("fd00:10:64:1::5"), 64, true}};
    for (const auto& one : added)
        apply(AddAddress{one});
    const auto shown = output_of("ip -j address show fl0");
    EXPECT_THAT(shown, HasSubstr(R"("local":"10.64.1.5","prefixlen":24)"));
    EXPECT_THAT(shown, HasSubstr(R"("local":"fd00:10:64:1::5","prefixlen":64)"));
    for (const auto& one : added)
        EXPECT_THAT(*rtnetlink_.addresses(), Contains(one));
    for (const auto& one : added)
        apply(DeleteAddress{one});
    EXPECT_THAT(output_of("ip address show fl0"), Not(HasSubstr("10.64.1.5")));
}

TEST_F(RtNetlinkTest, MakesRoutesThatIpShows) {
    apply(AddAddress{{index_, address("10.64.1.1"), 32, false}});
    apply(AddAddress{{index_, address("fd00::1"), 128, true}});
    const Route added[] = {
        {prefix("10.64.2.0/24"), std::nullopt, index_, RouteKind::kUnicast, false},
        {prefix("0.0.0.0/0"), address("10.64.2.1"), index_, RouteKind::kUnicast, false},
        {prefix("10.65.0.0/16"), std::nullopt, 1, RouteKind::kLocal, false},
        {prefix("10.96.0.10/32"), std::nullopt, 1, RouteKind::kLocal, false, address("10.64.1.1"), 99},
        {prefix("fd00:96::a/128"), std::nullopt, 1, RouteKind::kLocal, false, address("fd00::1"), 99},
        {prefix("fd00:2::/64"), std::nullopt, index_, RouteKind::kUnicast, false},
        {prefix("::/0"), address("fd00:2::1"), index_, RouteKind::kUnicast, false},
    };
    for (const auto& route : added)
        apply(AddRoute{route});
    EXPECT_THAT(output_of("ip route"), HasSubstr("default via 10.64.2.1 dev fl0"));
    EXPECT_THAT(output_of("ip route"), HasSubstr("10.64.2.0/24 dev fl0 scope link"));
    EXPECT_THAT(output_of("ip route show table local"), HasSubstr("local 10.65.0.0/16 dev lo"));
    EXPECT_THAT(output_of("ip route get 10.96.0.10"), HasSubstr("src 10.64.1.1"));
    EXPECT_THAT(output_of("ip -6 route"), HasSubstr("default via fd00:2::1 dev fl0"));
    EXPECT_EQ(rtnetlink_.route_to(address("10.96.0.10"))->source, address("10.64.1.1"));
    EXPECT_EQ(rtnetlink_.route_to(address("8.8.8.8"))->gateway, address("10.64.2.1"));
    EXPECT_EQ(rtnetlink_.route_to(address("fd00:96::a"))->source, address("fd00::1"));
    for (const auto& route : added)
        EXPECT_THAT(*rtnetlink_.routes(), Contains(route)) << route.destination.to_string();
    for (const auto& route : added)
        apply(DeleteRoute{route});
    EXPECT_THAT(output_of("ip route show table local"), Not(HasSubstr("10.65")));
}

/// What a socket that nobody bound gets; nullopt: connect(2) fails.
std::optional<base::IpAddress> connected_source(const RouteQuery& query) {
    const bool ipv4 = query.destination.family() == base::Family::kIpv4;
    const auto bytes = query.destination.bytes();
    sockaddr_in to4{.sin_family = AF_INET, .sin_port = htons(query.port), .sin_addr = {}, .sin_zero = {}};
    sockaddr_in6 to6{};
    to6.sin6_family = AF_INET6;
    to6.sin6_port = htons(query.port);
    std::memcpy(ipv4 ? static_cast<void*>(&to4.sin_addr) : &to6.sin6_addr, bytes.data(), bytes.size());
    auto* const to = ipv4 ? reinterpret_cast<sockaddr*>(&to4) : reinterpret_cast<sockaddr*>(&to6);
    socklen_t size = ipv4 ? sizeof to4 : sizeof to6;
    const int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
    const bool connected = connect(fd, to, size) == 0 && getsockname(fd, to, &size) == 0;
    close(fd);
    if (!connected) return std::nullopt;
    const auto* const from = ipv4 ? static_cast<const void*>(&to4.sin_addr) : &to6.sin6_addr;
    return base::IpAddress{std::span{static_cast<const std::byte*>(from), bytes.size()}};
}

TEST_F(RtNetlinkTest, NamesTheSourceThatAConnectionOfThisNodeGets) {
    output_of("ip link set lo up");
    for (const auto* one : {"10.64.1.1/24", "10.64.1.2/32", "10.65.1.1/24", "fd00:64::1/64", "fd00:65::1/64"})
        output_of(std::string("ip address add ") + one + " dev fl0 " + (one[0] == 'f' ? "nodad" : ""));
    output_of("ip route add 10.66.0.0/16 via 10.65.1.9 src 10.64.1.2");
    output_of("ip rule add ipproto udp dport 53 table 53");
    output_of("ip route add 10.66.0.0/16 via 10.65.1.9 src 10.65.1.1 table 53");
    output_of("ip route add unreachable 10.67.0.0/16");
    std::set<std::string> sources;
    for (const auto* destination :
         {"10.64.1.7", "10.65.1.7", "10.66.0.7", "10.67.0.7", "10.68.0.7", "10.65.1.1", "127.0.0.9",
          "fd00:64::7", "fd00:65::7", "fd00:66::7", "fd00:65::1", "::1"}) {
        for (const auto port : {std::uint16_t{53}, std::uint16_t{80}}) {
            const RouteQuery query{address(destination), base::L4Protocol::kUdp, port};
            const auto expected = connected_source(query);
            const auto source = rtnetlink_.source_towards(query);
            ASSERT_EQ(source.has_value(), expected.has_value()) << destination;
            if (!source) {
                EXPECT_THAT(source.error().message, HasSubstr(destination));
                continue;
            }
            EXPECT_EQ(*source, *expected) << destination << " port " << port;
            sources.insert(source->to_string());
        }
    }
    EXPECT_THAT(sources,
                testing::IsSupersetOf({"10.64.1.1", "10.64.1.2", "10.65.1.1", "fd00:64::1", "fd00:65::1"}));
    EXPECT_TRUE(rtnetlink_.source_towards({address("10.65.1.7"), base::L4Protocol::kSctp, 80}));
    output_of(
        "ip rule del ipproto udp dport 53 table 53; ip route del unreachable 10.67.0.0/16; ip link set lo "
        "down");
}

TEST_F(RtNetlinkTest, ErrorsNameTheObjectAndWhatTheKernelSaid) {
    const auto twice = rtnetlink_.apply(AddVeth{"fl0", "fl9", std::nullopt});
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, ErrorCode::kExists);
    EXPECT_THAT(twice.error().message, HasSubstr("add veth pair fl0 and fl9: File exists"));
    const auto nowhere = rtnetlink_.apply(
        AddRoute{{prefix("10.0.0.0/8"), address("203.0.113.1"), 0, RouteKind::kUnicast, false}});
    ASSERT_FALSE(nowhere);
    EXPECT_THAT(rtnetlink_.route_to(address("203.0.113.1")).error().message,
                HasSubstr("route to 203.0.113.1: Network is unreachable"));
    EXPECT_THAT(nowhere.error().message, HasSubstr("Nexthop has invalid gateway"));
}

class NetnsTest : public testing::Test {
  protected:
    void TearDown() override {
        const auto names = netns::list(prefix_);
        for (const auto& name : *names)
            EXPECT_TRUE(netns::remove(name));
    }

    std::string prefix_ = "fltest" + std::to_string(getpid()) + "-";
    std::string a_ = prefix_ + "a";
    std::string b_ = prefix_ + "b";
};

TEST_F(NetnsTest, MakesNamespacesThatIpNetnsKnows) {
    ASSERT_TRUE(netns::create(a_));
    EXPECT_EQ(netns::create(a_).error().code, ErrorCode::kExists);
    EXPECT_THAT(output_of("ip netns list"), HasSubstr(a_));
    EXPECT_THAT(output_of("ip netns exec " + a_ + " ip -o link"), HasSubstr("1: lo:"));
    EXPECT_EQ(*netns::list(prefix_), std::vector{a_});
    ASSERT_TRUE(netns::remove(a_));
    EXPECT_EQ(netns::remove(a_).error().code, ErrorCode::kNotFound);
    EXPECT_THAT(output_of("ip netns list"), Not(HasSubstr(a_)));
}

TEST_F(NetnsTest, OpensThoseThatIpNetnsMade) {
    output_of("ip netns add " + a_);
    EXPECT_TRUE(netns::Namespace::open(a_));
    EXPECT_EQ(netns::Namespace::open(b_).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(netns::Namespace::open("../" + a_).error().code, ErrorCode::kInvalid);
}

TEST_F(NetnsTest, RemovesANameWhoseMountIsGone) {
    ASSERT_TRUE(netns::create(a_));
    output_of("umount /run/netns/" + a_);
    EXPECT_TRUE(netns::remove(a_));
}

TEST_F(NetnsTest, LeavesTheCallingThreadWhereItWas) {
    ASSERT_TRUE(netns::create(a_));
    const auto before = output_of("readlink /proc/self/ns/net");
    const auto links = netns::run_in(a_, []() -> base::Result<std::size_t> {
        FAIRLEAD_TRY(auto rtnetlink, RtNetlink::open());
        FAIRLEAD_TRY(const auto all, rtnetlink.links());
        return all.size();
    });
    EXPECT_EQ(*links, 1U);
    EXPECT_EQ(output_of("readlink /proc/self/ns/net"), before);
}

TEST_F(NetnsTest, ConnectsTwoNamespacesWithACable) {
    ASSERT_TRUE(netns::create(a_));
    ASSERT_TRUE(netns::create(b_));
    const auto far = *netns::Namespace::open(b_);
    auto near_side = *netns::run_in(a_, [] { return RtNetlink::open(); });
    auto far_side = *netns::run_in(far, [] { return RtNetlink::open(); });
    ASSERT_TRUE(near_side.apply(AddVeth{"eth0", "eth0", far.fd()}));
    for (auto* side : {&near_side, &far_side}) {
        const auto index = side->link("eth0")->index;
        const auto* const text = side == &near_side ? "10.0.0.1" : "10.0.0.2";
        ASSERT_TRUE(side->apply(AddAddress{{index, address(text), 24, false}}));
        ASSERT_TRUE(side->apply(SetLink{index, true, {}, {}, {}, {}}));
    }
    EXPECT_THAT(output_of("ip netns exec " + a_ + " ping -c1 -W2 10.0.0.2"), HasSubstr("1 received"));
}

}  // namespace
}  // namespace fairlead::kernel::rtnetlink
