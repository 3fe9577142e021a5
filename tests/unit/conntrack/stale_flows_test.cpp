#include "conntrack/stale_flows.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <set>

#include "support/fake_conntrack_table.h"

namespace fairlead::conntrack {
namespace {

using kernel::conntrack::Flow;

Place place_at(std::string_view address, std::uint16_t port) {
    return {base::IpAddress::parse(address).value(), port};
}

/// From 10.64.9.9 to `service`, answered from `answers`.
Flow flow(const Place& service, const Place& answers, std::uint16_t source_port = 1000,
          std::uint8_t protocol = IPPROTO_UDP) {
    Flow flow;
    flow.protocol = protocol;
    const bool ipv4 = service.first.family() == base::Family::kIpv4;
    const auto client = base::IpAddress::parse(ipv4 ? "10.64.9.9" : "fd00::9").value();
    flow.original = {client, service.first, source_port, service.second, {}};
    flow.reply = {answers.first, client, answers.second, source_port, {}};
    if (service != answers) flow.status = kernel::conntrack::status::kDestinationNat;
    return flow;
}

const Place kDns = place_at("10.96.0.10", 53);
const Place kAlive = place_at("10.64.0.1", 5353);
const Place kGone = place_at("10.64.0.2", 5353);

WatchedServices watched(const Place& service, std::initializer_list<Place> may_answer,
                        base::L4Protocol protocol = base::L4Protocol::kUdp) {
    return {{{protocol, service.first, service.second}, may_answer}};
}

TEST(StaleFlows, LeadToWhereNobodyServesOrWereNeverTranslated) {
    const auto served = watched(kDns, {kAlive});
    const auto unserved = watched(kDns, {});
    struct Case {
        Flow flow;
        bool stale_if_served;
        bool stale_if_unserved;
        std::string_view what;
    };
    const Case cases[] = {
        {flow(kDns, kAlive), false, true, "a live endpoint"},
        {flow(kDns, kGone), true, true, "an endpoint that is gone"},
        {flow(kDns, {kAlive.first, 53}), true, true, "another port of a live endpoint"},
        {flow(kDns, kDns), true, false, "not translated"},
        {flow(place_at("10.96.0.11", 53), kGone), false, false, "another Service"},
        {flow(place_at("10.96.0.10", 54), kGone), false, false, "another port"},
        {flow(kDns, kGone, 1, IPPROTO_TCP), false, false, "another protocol"},
    };
    for (const auto& [flow, stale_if_served, stale_if_unserved, what] : cases) {
        EXPECT_EQ(is_stale(flow, served), stale_if_served) << what;
        EXPECT_EQ(is_stale(flow, unserved), stale_if_unserved) << what;
    }
}

TEST(StaleFlows, OverTcpAreThoseThatWereTranslated) {
    const auto served = watched(kDns, {kAlive}, base::L4Protocol::kTcp);
    EXPECT_TRUE(is_stale(flow(kDns, kGone, 1, IPPROTO_TCP), served));
    EXPECT_FALSE(is_stale(flow(kDns, kAlive, 1, IPPROTO_TCP), served));
    EXPECT_FALSE(is_stale(flow(kDns, kDns, 1, IPPROTO_TCP), served)) << "somebody else's listener";
    EXPECT_FALSE(is_stale(flow(kDns, kGone, 1, IPPROTO_UDP), served));
}

TEST(StaleFlows, AreFoundAndNoOthersHoweverManyAddressesThereAre) {
    for (const int extra_services : {0, 5}) {
        test::FakeConntrackTable table;
        const Place ipv6 = place_at("fd00:96::10", 53);
        auto services = watched(kDns, {kAlive});
        services.merge(watched(ipv6, {}));
        services.merge(watched(kDns, {kAlive}, base::L4Protocol::kTcp));
        for (int i = 0; i < extra_services; ++i)
            services.merge(watched(place_at("10.96.1." + std::to_string(i), 53), {kAlive}));
        ASSERT_TRUE(table.insert(flow(kDns, kAlive, 1)));
        ASSERT_TRUE(table.insert(flow(kDns, kGone, 2)));
        ASSERT_TRUE(table.insert(flow(ipv6, place_at("fd00::2", 53), 3)));
        ASSERT_TRUE(table.insert(flow(place_at("10.96.0.99", 53), kGone, 4)));
        ASSERT_TRUE(table.insert(flow(kDns, kGone, 5, IPPROTO_TCP)));
        std::set<std::uint16_t> found;
        const auto stale = find_stale_flows(table, services, 10).value();
        for (const auto& flow : stale)
            found.insert(flow.original.source_port);
        EXPECT_EQ(found, (std::set<std::uint16_t>{2, 3, 5}));
        EXPECT_EQ(find_stale_flows(table, services, 2)->size(), 2U) << "no more than asked for";
    }
}

/// Keeps what it was asked, and has so many flows in its own words.
class AskedTable : public test::FakeConntrackTable {
  public:
    explicit AskedTable(std::uint32_t flows) : flows_(flows) {}

    base::Result<void> for_each_flow(const kernel::conntrack::FlowFilter& filter,
                                     const std::function<void(const Flow&)>& visit) override {
        filters.push_back(filter);
        return FakeConntrackTable::for_each_flow(filter, visit);
    }
    base::Result<void> for_each_of_few_flows(const kernel::conntrack::FlowFilter& filter,
                                             const std::function<void(const Flow&)>& visit) override {
        const auto visited = FakeConntrackTable::for_each_of_few_flows(filter, visit);
        if (visited) few_filters.push_back(filter);
        return visited;
    }
    base::Result<std::uint32_t> count() override { return flows_; }

    std::vector<kernel::conntrack::FlowFilter> filters;
    std::vector<kernel::conntrack::FlowFilter> few_filters;

  private:
    std::uint32_t flows_;
};

TEST(StaleFlows, AreLookedForInStepsInATableThatTheKernelWalksForLong) {
    using Filters = std::vector<kernel::conntrack::FlowFilter>;
    const auto ipv4 = watched(kDns, {kAlive});
    auto both = ipv4;
    const Place ipv6_dns = place_at("fd00:96::10", 53);
    both.merge(watched(ipv6_dns, {}));
    auto many = ipv4;
    for (const auto* address : {"10.96.1.1", "10.96.1.2", "10.96.1.3"})
        many.merge(watched(place_at(address, 53), {}));
    kernel::conntrack::FlowFilter udp;
    udp.family = base::Family::kIpv4;
    udp.protocol = IPPROTO_UDP;
    const auto to = [&](const Place& place) {
        auto exact = udp;
        exact.family = place.first.family();
        exact.original.destination = place.first;
        exact.original.destination_port = place.second;
        return exact;
    };
    constexpr std::uint32_t kRoom = 262'144;
    constexpr std::uint32_t kNoRoom = 20;
    struct Case {
        std::string_view what;
        std::uint32_t flows;
        std::uint32_t max;
        const WatchedServices& services;
        Filters filters;
        Filters few_filters;
    };
    for (const auto& [what, flows, max, services, filters, few_filters] : {
             Case{"small", kSmallTable, kRoom, ipv4, {to(kDns)}, {}},
             Case{"small, both families", kSmallTable, kRoom, both, {to(kDns), to(ipv6_dns)}, {}},
             Case{"large", kSmallTable + 1, kRoom, ipv4, {}, {to(kDns)}},
             Case{"large, both families", kSmallTable + 1, kRoom, both, {}, {to(kDns), to(ipv6_dns)}},
             Case{"large, many addresses", kSmallTable + 1, kRoom, many, {udp}, {}},
             Case{"full", kSmallTable + 1, kNoRoom, ipv4, {udp}, {}},
             Case{"full, both families", kSmallTable + 1, kNoRoom, both, {{}}, {}},
         }) {
        AskedTable table{flows};
        table.set_max(max);
        ASSERT_TRUE(table.insert(flow(kDns, kGone, 1)));
        ASSERT_TRUE(table.insert(flow(kDns, kAlive, 2)));
        const auto stale = find_stale_flows(table, services, 10);
        ASSERT_TRUE(stale) << what;
        ASSERT_EQ(stale->size(), 1U) << what;
        EXPECT_EQ(stale->front().original.source_port, 1);
        EXPECT_TRUE(table.filters == filters) << what;
        EXPECT_TRUE(table.few_filters == few_filters) << what;
    }
}

TEST(StaleFlows, PassOnWhatTheKernelSays) {
    test::FakeConntrackTable table;
    table.fail_calls({base::ErrorCode::kBusy, 0, "as the test wants it"});
    EXPECT_EQ(find_stale_flows(table, watched(kDns, {}), 1).error().message, "as the test wants it");
}

}  // namespace
}  // namespace fairlead::conntrack
