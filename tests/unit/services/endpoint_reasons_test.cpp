#include "services/endpoint_reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sort_unique.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using kube::EndpointHint;
using testing::ElementsAre;

const NodePlace kHere{"n1", "z1"};

/// One endpoint of a slice.
struct Given {
    std::string node = "n1";
    bool ready = true;
    bool serving = true;
    bool terminating = false;
    std::string zone_hint = {};
    std::string node_hint = {};
};

/// Endpoint i is 10.0.0.<i+1>.
kube::EndpointSlice slice_of(const std::vector<Given>& given) {
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i < given.size(); ++i)
        addresses.push_back("10.0.0." + std::to_string(i + 1));
    auto slice = test::slice("cart", addresses);
    for (std::size_t i = 0; i < given.size(); ++i) {
        auto& endpoint = slice.endpoints[i];
        endpoint.node_name = slice.index_of_name(given[i].node).value();
        endpoint.ready = given[i].ready;
        endpoint.serving = given[i].serving;
        endpoint.terminating = given[i].terminating;
        if (!given[i].zone_hint.empty()) slice.add_hint(i, EndpointHint::Kind::kZone, given[i].zone_hint);
        if (!given[i].node_hint.empty()) slice.add_hint(i, EndpointHint::Kind::kNode, given[i].node_hint);
    }
    return slice;
}

std::vector<JudgedEndpoint> judged(const kube::EndpointSlice& slice, Family family = Family::kIpv4,
                                   std::string_view port = "http") {
    const std::vector slices = {test::shared(slice)};
    return judge_endpoints(slices, {std::string(port), base::L4Protocol::kTcp, 80, 0, std::uint16_t{0}, ""},
                           family, kHere);
}

struct Case {
    const char* name;
    std::vector<Given> given;
    std::vector<std::string> cluster;
    std::vector<std::string> local;
};

const std::vector<Case> kCases = {
    {"ready ones are used, under Local those of this node",
     {{.node = "n1"}, {.node = "n2"}, {.node = ""}},
     {"is ready", "is ready", "is ready"},
     {"is ready", "policy Local: its node is n2, this is n1",
      "policy Local: its node is unknown, this is n1"}},
    {"what is not ready is not used while others are",
     {{},
      {.ready = false},
      {.ready = false, .terminating = true},
      {.ready = false, .serving = false, .terminating = true}},
     {"is ready", "is not ready", "terminates, and others are ready", "terminates and serves no more"},
     {"is ready", "is not ready", "terminates, and others are ready", "terminates and serves no more"}},
    {"what terminates serves where nothing else does",
     {{.node = "n2"}, {.ready = false, .terminating = true}},
     {"is ready", "terminates, and others are ready"},
     {"policy Local: its node is n2, this is n1", "terminates but still serves, and none is ready"}},
    {"hints of the zone count",
     {{.zone_hint = "z1"}, {.node = "n2", .zone_hint = "z2"}},
     {"is ready", "is meant for zone z2 (hints), this is z1"},
     {"is ready", "policy Local: its node is n2, this is n1"}},
    {"hints of the node go before those of the zone",
     {{.zone_hint = "z1", .node_hint = "n1"}, {.node = "n2", .zone_hint = "z1", .node_hint = "n2"}},
     {"is ready", "is meant for node n2 (hints), this is n1"},
     {"is ready", "policy Local: its node is n2, this is n1"}},
    {"hints count for nothing if one has none",
     {{.zone_hint = "z2"}, {}},
     {"is ready", "is ready"},
     {"is ready", "is ready"}},
};

TEST(EndpointReasons, SayWhyEachIsUsedOrNot) {
    for (const auto& [name, given, cluster, local] : kCases) {
        std::vector<std::string> of_cluster;
        std::vector<std::string> of_local;
        for (const auto& one : judged(slice_of(given))) {
            of_cluster.push_back(explain(one.cluster, one, kHere));
            of_local.push_back(explain(one.local, one, kHere));
        }
        EXPECT_EQ(of_cluster, cluster) << name;
        EXPECT_EQ(of_local, local) << name;
    }
}

TEST(EndpointReasons, NameWhatCanNeverBeUsed) {
    const auto uses = [](const std::vector<JudgedEndpoint>& all) {
        std::vector<std::string_view> names;
        for (const auto& one : all)
            names.push_back(name_of(one.cluster));
        return names;
    };
    EXPECT_THAT(uses(judged(slice_of({{}}), Family::kIpv6)), ElementsAre("OtherFamily"));
    EXPECT_THAT(uses(judged(slice_of({{}}), Family::kIpv4, "grpc")), ElementsAre("NoSuchPort"));
    EXPECT_THAT(uses(judged(test::slice("cart", {"127.0.0.1", "10.0.0.1"}))),
                ElementsAre("NotRoutable", "Ready"));
}

/// Every state of an endpoint, and of another beside it: what is explained is what is done.
TEST(EndpointReasons, AgreeWithTheChoice) {
    std::vector<Given> states;
    for (const auto* node : {"n1", "n2"})
        for (const auto* zone : {"", "z1", "z2"})
            for (const auto* hint : {"", "n1", "n2"})
                for (unsigned bits = 0; bits < 8; ++bits)
                    states.push_back(
                        {node, (bits & 1U) != 0, (bits & 2U) != 0, (bits & 4U) != 0, zone, hint});
    const kube::ServicePort port{"http", base::L4Protocol::kTcp, 80, 0, std::uint16_t{0}, ""};
    for (const auto& a : states) {
        for (const auto& b : states) {
            const std::vector slices = {test::shared(slice_of({a, b}))};
            const auto choice = choose_endpoints(slices, port, Family::kIpv4, kHere);
            EndpointChoice explained;
            for (const auto& one : judge_endpoints(slices, port, Family::kIpv4, kHere)) {
                if (is_used(one.cluster)) explained.cluster.push_back(one.backend());
                if (is_used(one.local)) explained.local.push_back(one.backend());
            }
            base::sort_unique(explained.cluster);
            base::sort_unique(explained.local);
            ASSERT_EQ(explained.cluster, choice.cluster);
            ASSERT_EQ(explained.local, choice.local);
        }
    }
}

}  // namespace
}  // namespace fairlead::services
