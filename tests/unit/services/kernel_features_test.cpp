#include "services/kernel_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/objects.h"
#include "services/feature_problems.h"
#include "services/layout.h"
#include "services/service_proxy.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Feature kFeatures[] = {
    Feature::kRandomNumbers,    Feature::kHashes,   Feature::kDynamicSets, Feature::kMasquerade,
    Feature::kRandomSourcePort, Feature::kCounters, Feature::kReject,      Feature::kFib};

bool needs(Feature feature, const Expression& expression) {
    switch (feature) {
        case Feature::kRandomNumbers:
            return std::holds_alternative<RandomNumber>(expression);
        case Feature::kHashes:
            return std::holds_alternative<JenkinsHash>(expression);
        case Feature::kDynamicSets:
            return std::holds_alternative<UpdateSet>(expression);
        case Feature::kMasquerade:
            return std::holds_alternative<Masquerade>(expression);
        case Feature::kRandomSourcePort:
            return expression == Expression{Masquerade{true}};
        case Feature::kCounters:
            return std::holds_alternative<Counter>(expression);
        case Feature::kReject:
            return std::holds_alternative<Reject>(expression);
        case Feature::kFib:
            return std::holds_alternative<Fib>(expression);
    }
    return false;
}

Options counting_options() {
    Options options;
    options.compile.node.name = "n1";
    options.count_connections = true;
    return options;
}

/// Services that between them need every expression, with two endpoints each.
void stage_services(ServiceProxy& proxy) {
    auto consistent = test::service("consistent", {"10.96.0.2"});
    consistent.annotations = kube::Labels{{"fairlead.io/balancing", "consistent"}};
    auto sticky = test::service("sticky", {"10.96.0.3"});
    sticky.affinity_timeout_s = 60;
    auto resetting = test::service("resetting", {"10.96.0.4"});
    resetting.annotations = kube::Labels{{"fairlead.io/reset-connections", "endpoint-removed"}};
    for (const auto& service : {test::service("plain", {"10.96.0.1"}), consistent, sticky, resetting}) {
        proxy.stage(test::change({}, test::shared(service)));
        proxy.stage(
            test::change({}, test::shared(test::slice(service.key.name, {"10.64.0.1", "10.64.0.2"}))));
    }
}

class KernelFeaturesTest : public testing::Test {
  protected:
    void lack(Feature feature) {
        tables_.lack([=](const Expression& expression) { return needs(feature, expression); });
    }
    std::vector<Rule> rules() { return tables_.read_table(Family::kIpv4, kTableName).value()->rules; }
    bool uses(Feature feature) {
        return std::ranges::any_of(rules(), [&](const Rule& rule) {
            return std::ranges::any_of(rule.expressions, [&](const auto& it) { return needs(feature, it); });
        });
    }

    test::FakeNftTables tables_;
    base::TimePoint now_{};
};

TEST_F(KernelFeaturesTest, WhatOneExpressionIsForIsDoneWithoutItAndAllServicesHaveTheirEndpoints) {
    for (const auto feature : kFeatures) {
        SCOPED_TRACE(name_of(feature));
        tables_.flush_ruleset();
        lack(feature);
        ServiceProxy proxy{counting_options(), tables_};
        stage_services(proxy);
        const auto report = proxy.sync(Family::kIpv4, now_);
        ASSERT_TRUE(report) << report.error().message;
        const auto& ipv4 = proxy.proxy(Family::kIpv4);
        EXPECT_FALSE(ipv4.kernel_lacks_support());
        EXPECT_FALSE(ipv4.features().has(feature));
        EXPECT_FALSE(uses(feature));
        EXPECT_EQ(tables_.elements(Family::kIpv4, kTableName, kFrontends).size(), 4U);
        EXPECT_TRUE(tables_.read_table(Family::kIpv4, "fairlead-probe").value() == std::nullopt);
        // Who starts anew has to find it out again, and touches nothing.
        ServiceProxy second{counting_options(), tables_};
        stage_services(second);
        const auto again = second.sync(Family::kIpv4, now_);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(again->transactions, 0U);
    }
}

TEST_F(KernelFeaturesTest, NothingIsAskedOfAKernelThatRefusesNothing) {
    ServiceProxy proxy{counting_options(), tables_};
    stage_services(proxy);
    ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    EXPECT_EQ(tables_.commit_count(), 1U);
    EXPECT_TRUE(proxy.proxy(Family::kIpv4).features().missing().empty());
    for (const auto feature : kFeatures)
        EXPECT_TRUE(uses(feature)) << name_of(feature);
}

TEST_F(KernelFeaturesTest, AServiceThatComesLaterCostsNobodyElseHisChanges) {
    lack(Feature::kHashes);
    ServiceProxy proxy{counting_options(), tables_};
    proxy.stage(test::change({}, test::shared(test::service("plain", {"10.96.0.1"}))));
    proxy.stage(test::change({}, test::shared(test::slice("plain", {"10.64.0.1"}))));
    ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    EXPECT_TRUE(proxy.proxy(Family::kIpv4).features().has(Feature::kHashes)) << "nobody needed it";
    stage_services(proxy);
    ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    EXPECT_EQ(tables_.elements(Family::kIpv4, kTableName, kFrontends).size(), 4U);
}

TEST_F(KernelFeaturesTest, ProblemsNameTheServicesThatWantedMore) {
    struct Case {
        Feature feature;
        const char* words;
    };
    for (const auto& [feature, words] :
         {Case{Feature::kRandomNumbers, "lacks numgen: the client's port decides"},
          {Feature::kHashes, "lacks hash: consistent balancing is off (shop/consistent): "},
          {Feature::kDynamicSets, "by their address, connections are not counted (shop/sticky): "},
          {Feature::kReject, "are not reset (shop/resetting): "},
          {Feature::kFib, "lacks fib: connections of this node are told by their interface: "}}) {
        tables_.flush_ruleset();
        lack(feature);
        ServiceProxy proxy{counting_options(), tables_};
        stage_services(proxy);
        ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
        EXPECT_THAT(feature_problems(proxy.catalog(), proxy.proxy(Family::kIpv4)),
                    ElementsAre(testing::AllOf(testing::StartsWith("IPv4: this kernel "), HasSubstr(words),
                                               HasSubstr("No such file or directory"))));
    }
}

TEST_F(KernelFeaturesTest, AModuleThatIsLoadedLaterIsUsed) {
    lack(Feature::kRandomNumbers);
    ServiceProxy proxy{counting_options(), tables_};
    stage_services(proxy);
    ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    EXPECT_FALSE(proxy.look_for_features(Family::kIpv4).value());
    EXPECT_FALSE(proxy.has_pending(Family::kIpv4));
    tables_.lack([](const Expression&) { return false; });
    EXPECT_TRUE(proxy.look_for_features(Family::kIpv4).value());
    ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    EXPECT_TRUE(uses(Feature::kRandomNumbers));
    EXPECT_TRUE(feature_problems(proxy.catalog(), proxy.proxy(Family::kIpv4)).empty());
}

TEST_F(KernelFeaturesTest, WithoutAnythingToChooseByTheFirstEndpointServes) {
    tables_.lack([](const Expression& expression) {
        return needs(Feature::kRandomNumbers, expression) || needs(Feature::kHashes, expression);
    });
    ServiceProxy proxy{counting_options(), tables_};
    stage_services(proxy);
    ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    EXPECT_EQ(tables_.elements(Family::kIpv4, kTableName, kFrontends).size(), 4U);
    EXPECT_FALSE(uses(Feature::kRandomNumbers));
}

TEST_F(KernelFeaturesTest, ARefusalThatNothingExplainsIsNotTriedAgainAtOnce) {
    ServiceProxy proxy{counting_options(), tables_};
    const auto& ipv4 = proxy.proxy(Family::kIpv4);
    ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    // No feature of its own: the probes do not use it.
    tables_.lack(
        [](const Expression& expression) { return std::holds_alternative<DestinationNat>(expression); });
    stage_services(proxy);
    ASSERT_FALSE(proxy.sync(Family::kIpv4, now_));
    EXPECT_FALSE(ipv4.kernel_lacks_support()) << "an element of somebody else would look alike";
    ASSERT_FALSE(proxy.sync(Family::kIpv4, now_));
    EXPECT_TRUE(ipv4.kernel_lacks_support()) << "the table is as we left it";
    EXPECT_TRUE(ipv4.has_table());
    EXPECT_TRUE(ipv4.features().missing().empty());
}

}  // namespace
}  // namespace fairlead::services
