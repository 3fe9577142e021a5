#include "kernel/conntrack/netlink_conntrack_table.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "kernel/conntrack/milestones.h"
#include "support/command.h"
#include "support/conntrack_fixture.h"

namespace fairlead::kernel::conntrack {
namespace {

using test::output_of;
using test::udp_flow;
using testing::HasSubstr;

/// A UDP socket on loopback.
class UdpSocket {
  public:
    explicit UdpSocket(std::uint16_t port) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const auto here = address_of("127.0.0.1", port);
        EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
        constexpr timeval kLimit{5, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof kLimit);
    }
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;
    ~UdpSocket() { close(fd_); }

    void send(const char* address, std::uint16_t port) const {
        const auto there = address_of(address, port);
        EXPECT_EQ(sendto(fd_, "ask", 3, 0, reinterpret_cast<const sockaddr*>(&there), sizeof there), 3);
    }
    /// Waits for a datagram and answers it.
    void answer() const {
        sockaddr_in client{};
        socklen_t size = sizeof client;
        char text[8];
        ASSERT_EQ(recvfrom(fd_, text, sizeof text, 0, reinterpret_cast<sockaddr*>(&client), &size), 3);
        EXPECT_EQ(sendto(fd_, "answer", 6, 0, reinterpret_cast<const sockaddr*>(&client), size), 6);
    }
    void expect_answer() const {
        char text[8];
        EXPECT_EQ(recv(fd_, text, sizeof text, 0), 6);
    }

  private:
    static sockaddr_in address_of(const char* address, std::uint16_t port) {
        sockaddr_in result{};
        result.sin_family = AF_INET;
        result.sin_port = htons(port);
        inet_pton(AF_INET, address, &result.sin_addr);
        return result;
    }
    int fd_;
};

class NetlinkConntrackTableTest : public testing::Test {
  protected:
    NetlinkConntrackTable table_ = *NetlinkConntrackTable::open();

    void SetUp() override { output_of("ip address replace 10.96.0.10/32 dev lo"); }
    void TearDown() override { output_of("nft flush ruleset; conntrack -F 2>/dev/null"); }

    static void translate_dns_to(int port) {
        output_of(
            "printf 'flush ruleset\ntable ip t {\nchain output {\ntype nat hook output priority -100;\n"
            "ip daddr 10.96.0.10 udp dport 53 dnat to 127.0.0.1:" +
            std::to_string(port) + "\n}\n}\n' | nft -f -");
    }

    std::vector<Flow> flows_of(const FlowFilter& filter) {
        std::vector<Flow> flows;
        const auto visited = table_.for_each_flow(filter, [&](const Flow& flow) { flows.push_back(flow); });
        EXPECT_TRUE(visited) << visited.error().message;
        return flows;
    }
};

/// Flows to a Service's port 53 that the endpoint 127.0.0.1:5301 answers.
FlowFilter stale_dns() {
    FlowFilter filter;
    filter.protocol = IPPROTO_UDP;
    filter.original.destination = base::IpAddress::parse("10.96.0.10").value();
    filter.original.destination_port = std::uint16_t{53};
    filter.reply.source = base::IpAddress::parse("127.0.0.1").value();
    filter.reply.source_port = std::uint16_t{5301};
    return filter;
}

TEST_F(NetlinkConntrackTableTest, AUdpClientReachesTheNewEndpointOnceItsStaleFlowIsDeleted) {
    const UdpSocket old_endpoint{5301};
    const UdpSocket new_endpoint{5302};
    const UdpSocket client{4000};
    translate_dns_to(5301);
    client.send("10.96.0.10", 53);
    old_endpoint.answer();
    client.expect_answer();

    translate_dns_to(5302);
    client.send("10.96.0.10", 53);
    old_endpoint.answer();
    client.expect_answer();
    const auto stale = flows_of(stale_dns());
    ASSERT_EQ(stale.size(), 1U) << "the flow holds on to the endpoint it had";
    EXPECT_NE(stale[0].status & status::kDestinationNat, 0U);
    EXPECT_NE(stale[0].status & status::kSeenReply, 0U);

    EXPECT_EQ(table_.delete_matching(stale_dns()).value(), 1U);
    client.send("10.96.0.10", 53);
    new_endpoint.answer();
    client.expect_answer();
    EXPECT_EQ(table_.delete_matching(stale_dns()).value(), 0U);
}

TEST_F(NetlinkConntrackTableTest, CountersAreThereOnlyForFlowsThatBeganWithAccounting) {
    translate_dns_to(5301);
    const UdpSocket endpoint{5301};
    const UdpSocket before{4000};
    before.send("10.96.0.10", 53);
    output_of("echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct");
    const UdpSocket after{4001};
    after.send("10.96.0.10", 53);
    output_of("echo 0 > /proc/sys/net/netfilter/nf_conntrack_acct");
    FlowFilter filter;
    filter.original.source_port = std::uint16_t{4000};
    ASSERT_EQ(flows_of(filter).size(), 1U);
    EXPECT_FALSE(flows_of(filter)[0].original_counters);
    filter.original.source_port = std::uint16_t{4001};
    ASSERT_EQ(flows_of(filter).size(), 1U);
    EXPECT_EQ(flows_of(filter)[0].original_counters, (FlowCounters{1, 31}));
    EXPECT_EQ(flows_of(filter)[0].reply_counters, (FlowCounters{0, 0}));
}

TEST_F(NetlinkConntrackTableTest, DeletesFlowsOfZonesThatHoldForOneDirection) {
    output_of(
        "printf 'table ip t {\nchain output {\ntype filter hook output priority -300;\n"
        "ip daddr 127.0.0.3 ct original zone set 3\nip daddr 127.0.0.4 ct reply zone set 4\n}\n"
        "chain track {\ntype filter hook output priority 0;\nct state new\n}\n}\n' | nft -f -");
    const UdpSocket client{4000};
    client.send("127.0.0.3", 9000);
    client.send("127.0.0.4", 9000);
    for (const auto& [id, direction] : {std::pair{std::uint16_t{3}, ZoneDirection::kOriginal},
                                        std::pair{std::uint16_t{4}, ZoneDirection::kReply}}) {
        FlowFilter filter;
        filter.zone = id;
        const auto flows = flows_of(filter);
        ASSERT_EQ(flows.size(), 1U) << id;
        EXPECT_EQ(flows[0].zone, (Zone{id, direction}));
        EXPECT_EQ(table_.delete_matching(filter).value(), 1U) << id;
        EXPECT_TRUE(flows_of(filter).empty()) << id;
    }
}

std::vector<Flow> many_flows(std::uint32_t count, std::string_view frontend) {
    std::vector<Flow> flows;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::string client = "10." + std::to_string(i >> 16U) + ".0.1:" + std::to_string(i & 0xffffU);
        flows.push_back(udp_flow(client, frontend, frontend));
    }
    return flows;
}

TEST_F(NetlinkConntrackTableTest, VisitsEveryFlowThatStaysWhileOthersComeAndGo) {
    constexpr std::uint32_t kStaying = 20'000;
    ASSERT_EQ(test::insert_into_kernel(many_flows(kStaying, "10.96.0.10:53")), 0);
    std::atomic<bool> stop = false;
    std::thread neighbour{[&] {
        auto table = *NetlinkConntrackTable::open();
        const auto coming = many_flows(500, "10.96.0.11:53");
        FlowFilter going;
        going.original.destination = coming[0].original.destination;
        while (!stop) {
            EXPECT_EQ(test::insert_into_kernel(coming), 0);
            EXPECT_EQ(table.delete_matching(going).value(), coming.size());
        }
    }};
    FlowFilter filter;
    filter.original.destination = base::IpAddress::parse("10.96.0.10").value();
    for (int round = 0; round < 5; ++round) {
        std::set<Tuple> visited;
        for (const auto& flow : flows_of({}))
            if (matches(filter, flow)) visited.insert(flow.original);
        EXPECT_EQ(visited.size(), kStaying);
    }
    stop = true;
    neighbour.join();
    EXPECT_EQ(table_.delete_matching(filter).value(), kStaying);
    EXPECT_EQ(table_.count().value(), 0U);
}

TEST_F(NetlinkConntrackTableTest, FindsFewAmongManyAndTakesOutWhatItPutIn) {
    constexpr std::uint32_t kOthers = 60'000;
    constexpr std::uint32_t kFew = 50;
    ASSERT_EQ(test::insert_into_kernel(many_flows(kOthers, "10.96.0.11:53")), 0);
    ASSERT_EQ(test::insert_into_kernel(many_flows(kFew, "10.96.0.10:53")), 0);
    FlowFilter filter;
    filter.protocol = IPPROTO_UDP;
    filter.original.destination = base::IpAddress::parse("10.96.0.10").value();
    filter.original.destination_port = std::uint16_t{53};
    // One that an earlier look could not take out.
    const auto left_over = milestones_for(filter, kOthers).front();
    ASSERT_EQ(test::insert_into_kernel({&left_over, 1}), 0);
    std::set<Tuple> visited;
    const auto found = table_.for_each_of_few_flows(filter, [&](const Flow& flow) {
        EXPECT_TRUE(matches(filter, flow)) << describe(flow);
        EXPECT_FALSE(is_milestone(flow)) << describe(flow);
        visited.insert(flow.original);
        table_.delete_flow(flow).value();
    });
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(visited.size(), kFew);
    EXPECT_EQ(table_.count().value(), kOthers);
    filter.original.destination = base::IpAddress::parse("10.96.0.11").value();
    EXPECT_EQ(table_.delete_matching(filter).value(), kOthers);
}

TEST_F(NetlinkConntrackTableTest, ANamespaceWithoutConnectionTrackingHasAnEmptyTable) {
    std::thread elsewhere{[] {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        auto table = NetlinkConntrackTable::open();
        ASSERT_TRUE(table) << table.error().message;
        EXPECT_EQ(table->count().value(), 0U);
        FlowFilter filter;
        filter.protocol = IPPROTO_UDP;
        EXPECT_EQ(table->delete_matching(filter).value(), 0U);
        EXPECT_FALSE(table->stats().value().empty());
    }};
    elsewhere.join();
}

TEST_F(NetlinkConntrackTableTest, SaysThatRightsAreMissing) {
    std::thread powerless{[this] {
        const auto flow = udp_flow("10.0.0.1:1", "10.0.0.2:2", "10.0.0.2:2");
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[2]{};
        ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
        const auto opened = NetlinkConntrackTable::open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, base::ErrorCode::kDenied);
        EXPECT_EQ(opened.error().message, "conntrack: count flows: Operation not permitted");
        const auto deleted = table_.delete_flow(flow);
        ASSERT_FALSE(deleted) << "a socket opened with rights is of no use without them";
        EXPECT_EQ(deleted.error().code, base::ErrorCode::kDenied);
        EXPECT_THAT(deleted.error().message, HasSubstr("delete flow udp 10.0.0.1:1 -> 10.0.0.2:2"));
        const auto listed = table_.for_each_flow({}, [](const Flow&) {});
        ASSERT_FALSE(listed);
        EXPECT_EQ(listed.error().message, "conntrack: list flows: Operation not permitted");
    }};
    powerless.join();
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
