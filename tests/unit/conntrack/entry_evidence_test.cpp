#include "conntrack/entry_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "support/addresses.h"
#include "support/conntrack_fixture.h"

namespace fairlead::conntrack {
namespace {

using test::address;

using kernel::conntrack::Flow;
namespace status = kernel::conntrack::status;

/// Services s/0, s/1 and so on at 10.96.0.10, 10.96.0.11 ..., port 53, UDP and TCP, that 10.64.0.1:53
/// answers.
FlowNames services(int count) {
    FlowNames names;
    for (int i = 0; i < count; ++i)
        for (const auto protocol : {base::L4Protocol::kUdp, base::L4Protocol::kTcp})
            names.add({"s/" + std::to_string(i),
                       {{protocol, address("10.96.0." + std::to_string(10 + i)), 53}},
                       {{{address("10.64.0.1"), 53}, ""}}});
    return names;
}

Flow flow(int service, std::string_view answering, std::uint8_t protocol = IPPROTO_UDP) {
    auto flow = test::with_protocol(
        test::udp_flow("10.9.0.1:1", "10.96.0." + std::to_string(10 + service) + ":53", answering), protocol);
    flow.status |= status::kDestinationNat;
    return flow;
}

TEST(EntryCounter, CountsWhatLeadsNowhereByServiceAndTheWorstThree) {
    const auto names = services(5);
    EntryCounter counter{&names};
    const int nowhere[] = {2, 0, 4, 1, 3};
    for (int service = 0; service < 5; ++service) {
        counter.take(flow(service, "10.64.0.1:53"));
        for (int i = 0; i < nowhere[service]; ++i)
            counter.take(flow(service, "10.64.0.2:53", i == 0 ? IPPROTO_TCP : IPPROTO_UDP));
    }
    counter.take(test::udp_flow("10.9.0.1:1", "192.0.2.1:53", "192.0.2.1:53"));
    const auto evidence = counter.evidence();
    EXPECT_EQ(evidence.looked_at, 16U);
    EXPECT_EQ(counter.taken(), 16U);
    ASSERT_TRUE(evidence.nowhere);
    EXPECT_EQ(evidence.nowhere->entries, 10U);
    EXPECT_EQ(evidence.nowhere->over_udp, 6U);
    using Service = NowhereEvidence::Service;
    EXPECT_THAT(evidence.nowhere->worst,
                testing::ElementsAre(Service{"s/2", 4}, Service{"s/4", 3}, Service{"s/0", 2}));
}

TEST(EntryCounter, KnowsNothingOfServicesWithoutTheirNames) {
    EntryCounter counter{nullptr};
    auto replied = flow(0, "10.64.0.2:53");
    replied.status |= status::kSeenReply;
    counter.take(replied);
    counter.take(flow(0, "10.64.0.2:53"));
    EXPECT_EQ(counter.evidence().looked_at, 2U);
    EXPECT_EQ(counter.evidence().unreplied, 1U);
    EXPECT_FALSE(counter.evidence().nowhere);
}

}  // namespace
}  // namespace fairlead::conntrack
