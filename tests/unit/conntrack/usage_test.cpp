#include "conntrack/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <map>

#include "base/random.h"
#include "support/addresses.h"
#include "support/conntrack_fixture.h"

namespace fairlead::conntrack {
namespace {

using kernel::conntrack::Flow;
using kernel::conntrack::TcpState;
using test::address;
using test::udp_flow;
using test::with_protocol;
using testing::ElementsAre;
using testing::FieldsAre;
using testing::IsEmpty;
namespace status = kernel::conntrack::status;

Place place(std::string_view text, std::uint16_t port) {
    return {address(text), port};
}

/// Translated, as flows to Services are.
Flow translated(Flow flow, std::uint32_t more_status = 0) {
    flow.status |= status::kDestinationNat | more_status;
    return flow;
}

Flow tcp(Flow flow, std::optional<TcpState> state) {
    flow = with_protocol(std::move(flow), IPPROTO_TCP);
    flow.tcp_state = state;
    return flow;
}

constexpr std::uint32_t kReplied = status::kSeenReply;
constexpr std::uint32_t kAssured = status::kSeenReply | status::kAssured;

/// shop/dns at 10.96.0.10:53 over UDP, answered by shop/dns-1 at 10.64.0.1 and fd00:64::1; shop/web at
/// 10.96.0.20:80 and 192.0.2.1:30080 over TCP, answered by shop/web-1 at 10.64.0.2:8080.
FlowNames shop() {
    using base::L4Protocol;
    FlowNames names;
    names.add(
        {"shop/dns",
         {{L4Protocol::kUdp, address("10.96.0.10"), 53}, {L4Protocol::kUdp, address("fd00:96::10"), 53}},
         {{place("10.64.0.1", 53), "shop/dns-1"}, {place("fd00:64::1", 53), "shop/dns-1"}}});
    names.add(
        {"shop/web",
         {{L4Protocol::kTcp, address("10.96.0.20"), 80}, {L4Protocol::kTcp, address("192.0.2.1"), 30080}},
         {{place("10.64.0.2", 8080), "shop/web-1"}}});
    names.add({"shop/web", {{L4Protocol::kTcp, address("10.96.0.20"), 443}}, {}});
    return names;
}

TEST(Usage, CountsByServicePodPeerAndState) {
    const auto names = shop();
    UsageCounter counter{names};
    counter.take(translated(udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:53"), kReplied));
    counter.take(translated(udp_flow("10.9.0.1:2", "10.96.0.10:53", "10.64.0.1:53")));
    counter.take(translated(udp_flow("[fd00:9::1]:3", "[fd00:96::10]:53", "[fd00:64::1]:53"), kAssured));
    counter.take(translated(
        tcp(udp_flow("10.9.0.1:4", "10.96.0.20:80", "10.64.0.2:8080"), TcpState::kEstablished), kAssured));
    counter.take(
        translated(tcp(udp_flow("10.9.0.2:5", "192.0.2.1:30080", "10.64.0.9:8080"), TcpState::kSynSent)));
    counter.take(tcp(udp_flow("10.9.0.1:6", "198.51.100.1:443", "198.51.100.1:443"), std::nullopt));
    const auto usage = counter.usage(10);
    EXPECT_EQ(usage.total, (FlowCount{6, 3, 2, 1}));
    EXPECT_THAT(usage.services.largest, ElementsAre(FieldsAre("shop/dns", FlowCount{3, 1, 1, 0}, 0),
                                                    FieldsAre("shop/web", FlowCount{2, 1, 1, 1}, 0)));
    EXPECT_EQ(usage.services.other_flows, 1U) << "the flow to no Service";
    EXPECT_THAT(usage.pods.largest, ElementsAre(FieldsAre("shop/dns-1", FlowCount{3, 1, 1, 0}, 0),
                                                FieldsAre("shop/web-1", FlowCount{1, 0, 1, 0}, 0),
                                                FieldsAre("10.64.0.9", FlowCount{1, 1, 0, 1}, 0),
                                                FieldsAre("198.51.100.1", FlowCount{1, 1, 0, 0}, 0)));
    EXPECT_THAT(usage.peers.largest, ElementsAre(FieldsAre("10.9.0.1", FlowCount{4, 2, 1, 0}, 0),
                                                 FieldsAre("10.9.0.2", FlowCount{1, 1, 0, 1}, 0),
                                                 FieldsAre("fd00:9::1", FlowCount{1, 0, 1, 0}, 0)));
    EXPECT_THAT(usage.states.largest, ElementsAre(FieldsAre("udp REPLIED", FlowCount{2, 0, 1, 0}, 0),
                                                  FieldsAre("tcp ESTABLISHED", FlowCount{1, 0, 1, 0}, 0),
                                                  FieldsAre("tcp OFFLOAD", FlowCount{1, 1, 0, 0}, 0),
                                                  FieldsAre("tcp SYN_SENT", FlowCount{1, 1, 0, 1}, 0),
                                                  FieldsAre("udp UNREPLIED", FlowCount{1, 1, 0, 0}, 0)));
    EXPECT_EQ(most_sentence(usage),
              "most: Service shop/dns 50 % (33 % unreplied), answered by shop/dns-1 50 % (33 % unreplied), "
              "peer 10.9.0.1 67 % (50 % unreplied), state udp REPLIED 33 %");
}

TEST(Usage, NamesAddressesThatSomebodyElseTranslates) {
    const FlowNames names;
    UsageCounter counter{names};
    counter.take(translated(udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:53")));
    counter.take(translated(tcp(udp_flow("10.9.0.1:1", "[fd00::1]:80", "[fd00::2]:80"), TcpState::kClose)));
    counter.take(udp_flow("10.9.0.1:2", "10.77.0.1:53", "10.77.0.1:53"));
    const auto services = counter.usage(10).services;
    EXPECT_THAT(services.largest, ElementsAre(FieldsAre("tcp [fd00::1]:80", FlowCount{1, 1, 0, 0}, 0),
                                              FieldsAre("udp 10.96.0.10:53", FlowCount{1, 1, 0, 0}, 0)));
    EXPECT_EQ(services.other_flows, 1U);
}

TEST(Usage, ShowsTheLargestAndHowManyFlowsTheOthersHave) {
    const FlowNames names;
    UsageCounter counter{names};
    for (int client = 1; client <= 5; ++client)
        for (int port = 1; port <= client; ++port)
            counter.take(udp_flow("10.9.0." + std::to_string(client) + ":" + std::to_string(port),
                                  "10.1.0.1:53", "10.1.0.1:53"));
    const auto usage = counter.usage(2);
    EXPECT_THAT(usage.peers.largest, ElementsAre(FieldsAre("10.9.0.5", FlowCount{5, 5, 0, 0}, 0),
                                                 FieldsAre("10.9.0.4", FlowCount{4, 4, 0, 0}, 0)));
    EXPECT_EQ(usage.peers.other_flows, 6U);
    EXPECT_THAT(usage.services.largest, IsEmpty());
    EXPECT_EQ(usage.services.other_flows, 15U);
    EXPECT_THAT(counter.usage(0).peers.largest, IsEmpty());
    EXPECT_EQ(most_sentence(UsageCounter{names}.usage(5)), "");
}

TEST(FlowNames, FlowsLeadNowhereWhenNobodyOfTheServiceAnswersThere) {
    const auto names = shop();
    const struct {
        Flow flow;
        bool nowhere;
        std::string_view what;
    } cases[] = {
        {translated(udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:53")), false, "a live endpoint"},
        {translated(udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.2:53")), true, "another Service's"},
        {translated(udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:54")), true, "another port of it"},
        {udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.96.0.10:53"), true, "UDP that was not translated"},
        {tcp(udp_flow("10.9.0.1:1", "10.96.0.20:80", "10.96.0.20:80"), TcpState::kSynSent), false,
         "TCP that was not translated: somebody else's listener"},
        {translated(tcp(udp_flow("10.9.0.1:1", "10.96.0.20:443", "10.64.0.2:8443"), TcpState::kSynSent)),
         true, "a port that nobody serves"},
    };
    for (const auto& [flow, nowhere, what] : cases) {
        const auto* frontend = names.frontend_of(flow);
        ASSERT_NE(frontend, nullptr) << what;
        EXPECT_EQ(leads_nowhere(flow, names, *frontend), nowhere) << what;
    }
    EXPECT_EQ(names.frontend_of(udp_flow("10.9.0.1:1", "10.96.0.20:80", "10.64.0.2:8080")), nullptr)
        << "another protocol";
}

TEST(FlowNames, AnAddressThatSeveralPodsShareIsNoPods) {
    FlowNames names;
    names.add({"kube-system/proxy",
               {},
               {{place("192.0.2.1", 1), "kube-system/a"}, {place("192.0.2.1", 1), "kube-system/a"}}});
    EXPECT_EQ(names.pod_at(address("192.0.2.1")), "kube-system/a");
    names.add({"kube-system/other", {}, {{place("192.0.2.1", 2), "kube-system/b"}}});
    EXPECT_EQ(names.pod_at(address("192.0.2.1")), "");
    names.add({"kube-system/third", {}, {{place("192.0.2.1", 3), "kube-system/b"}}});
    EXPECT_EQ(names.pod_at(address("192.0.2.1")), "");
    EXPECT_EQ(names.pod_at(address("192.0.2.2")), "");
}

/// Addresses of which a few have most flows, as clients are.
base::IpAddress random_client(base::Random& random, std::uint64_t rare) {
    const auto number = random.below(4) == 0 ? random.below(20) : 20 + random.below(rare);
    return address("10." + std::to_string(number / 65'536) + "." + std::to_string(number / 256 % 256) + "." +
                   std::to_string(number % 256));
}

TEST(LossyCounter, IsExactWithRoomAndWithoutItSaysHowMuchMayBeMissing) {
    constexpr std::size_t kRoom = 500;
    constexpr std::uint32_t kFlows = 60'000;
    for (const std::uint64_t rare : {400U, 5'000U, 50'000U}) {
        base::Random random{rare};
        LossyCounter<base::IpAddress> counter{kRoom};
        std::map<base::IpAddress, std::uint32_t> naive;
        for (std::uint32_t i = 0; i < kFlows; ++i) {
            const auto client = random_client(random, rare);
            counter.add(client, {1, 1, 0, 0});
            ++naive[client];
            ASSERT_LE(counter.entries().size(), kRoom);
        }
        EXPECT_EQ(counter.most_missed() == 0, naive.size() <= kRoom) << rare;
        // As many as can be missed by a counter that forgets half of what it holds at a time, twice over.
        EXPECT_LE(counter.most_missed(), 2 * kFlows / (kRoom / 2)) << rare;
        for (const auto& [client, flows] : naive) {
            const auto found = counter.entries().find(client);
            if (found == counter.entries().end()) {
                EXPECT_LE(flows, counter.most_missed()) << client.to_string();
                continue;
            }
            EXPECT_LE(found->second.count.flows, flows) << client.to_string();
            EXPECT_GE(found->second.count.flows + found->second.missed, flows) << client.to_string();
            EXPECT_EQ(found->second.count.unreplied, found->second.count.flows) << client.to_string();
        }
    }
}

void expect_exact(const Breakdown& found, const std::map<std::string, FlowCount>& expected) {
    std::map<std::string, FlowCount> by_name;
    for (const auto& [name, count, missed] : found.largest)
        if (!name.starts_with("udp 1") && !name.starts_with("tcp 1")) by_name[name] = count;
    EXPECT_TRUE(by_name == expected);
    for (const auto& [name, count, missed] : found.largest)
        EXPECT_EQ(missed, 0U) << name;
}

TEST(Usage, AgreesWithNaiveCountingAndTotalsAreRightWithoutRoomToo) {
    const auto names = shop();
    for (const std::size_t room : {std::size_t{64}, UsageCounter::kAddressesKept}) {
        base::Random random{room};
        UsageCounter counter{names, room};
        std::map<std::string, FlowCount> services;
        std::map<std::string, FlowCount> states;
        FlowCount total;
        for (int i = 0; i < 20'000; ++i) {
            constexpr std::string_view kDestinations[] = {"10.96.0.10:53", "10.96.0.20:80", "192.0.2.1:30080",
                                                          "10.77.0.1:53"};
            constexpr std::string_view kAnswering[] = {"10.64.0.1:53", "10.64.0.2:8080", "10.64.0.3:53"};
            auto flow = udp_flow(random_client(random, 3'000).to_string() + ":7",
                                 kDestinations[random.below(4)], kAnswering[random.below(3)]);
            if (random.below(2) == 0) flow = tcp(flow, static_cast<TcpState>(random.below(10)));
            flow = translated(flow, random.below(2) == 0 ? kAssured : 0);
            counter.take(flow);
            const auto* frontend = names.frontend_of(flow);
            const auto count = count_of(flow, frontend != nullptr && leads_nowhere(flow, names, *frontend));
            total += count;
            states[state_of(flow)] += count;
            if (frontend != nullptr) services[names.service_name(frontend->service)] += count;
        }
        const auto usage = counter.usage(1'000'000);
        EXPECT_EQ(usage.total, total);
        expect_exact(usage.services, services);
        expect_exact(usage.states, states);
        EXPECT_EQ(usage.states.other_flows, 0U);
        for (const auto* part : {&usage.pods, &usage.peers}) {
            std::uint32_t sum = part->other_flows;
            for (const auto& each : part->largest)
                sum += each.count.flows;
            EXPECT_EQ(sum, total.flows);
        }
        EXPECT_EQ(usage.peers.other_flows > 0, room == 64);
    }
}

TEST(Usage, TheErrorOfASampleShrinksWithItAndIsNoneOfTheWhole) {
    EXPECT_NEAR(sampling_error(10'000, 1'000'000'000), 0.0098, 0.0001);
    EXPECT_NEAR(sampling_error(200'000, 1'000'000), 0.00196, 0.00001);
    EXPECT_EQ(sampling_error(1'000, 1'000), 0);
    EXPECT_EQ(sampling_error(1'001, 1'000), 0) << "flows came meanwhile";
    EXPECT_EQ(sampling_error(0, 0), 0);
}

}  // namespace
}  // namespace fairlead::conntrack
