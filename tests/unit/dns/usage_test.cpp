#include "dns/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "dns/verdict_table.h"
#include "support/collapse_fixture.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using test::dns_name;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::shared_ptr<SearchContext> context_of(const std::string& pod, std::uint64_t number = 1) {
    auto context = std::make_shared<SearchContext>();
    context->pod = {"shop", pod};
    context->pod_uid = "uid-" + pod;
    context->pod_number = number;
    for (const auto* domain : {"shop.svc.cluster.local", "svc.cluster.local", "cluster.local"})
        context->search.push_back(dns_name(domain));
    context->ndots = 5;
    return context;
}

class UsageTest : public testing::Test {
  protected:
    void record(const std::string& name, RecordType type, bool found) {
        recorder_.record(now_ += 1ms, *context_, {dns_name(name), type, found, false, false});
    }
    /// All of a walk of both types, to the name in the `found_in`-th domain; 3: the absolute name; 4:
    /// nowhere.
    void walk(const std::string& base, std::size_t found_in = 3) {
        const std::vector<std::string> domains = {".shop.svc.cluster.local", ".svc.cluster.local",
                                                  ".cluster.local", ""};
        for (std::size_t i = 0; i < domains.size() && i <= found_in; ++i)
            for (const auto type : {RecordType::kA, RecordType::kAaaa})
                record(base + domains[i], type, i == found_in);
    }
    PodUsage usage() { return recorder_.usages().at(0); }

    UsageRecorder recorder_;
    std::shared_ptr<SearchContext> context_ = context_of("cart");
    base::TimePoint now_{1000s};
};

TEST_F(UsageTest, WalkOfEightQueriesIsTwoLookups) {
    walk("www.example.com");
    EXPECT_EQ(usage().queries, 8U);
    EXPECT_EQ(usage().lookups, 2U);
    EXPECT_EQ(usage().wasted, 6U);
    EXPECT_DOUBLE_EQ(usage().amplification(), 4);
    walk("www.example.com");
    EXPECT_EQ(usage().queries, 16U);
    EXPECT_EQ(usage().lookups, 4U) << "the same name again is another lookup";
}

TEST_F(UsageTest, WalksOfSeveralNamesAtATimeAreToldApart) {
    for (const auto* domain : {".shop.svc.cluster.local", ".svc.cluster.local", ".cluster.local", ""})
        for (const auto* base : {"www.example.com", "www.example.com.shop", "api.example.com"})
            record(std::string(base) + domain, RecordType::kA, *domain == 0);
    EXPECT_EQ(usage().queries, 12U);
    EXPECT_EQ(usage().lookups, 3U);
}

TEST_F(UsageTest, NameThatIsFoundAtOncePushesNoOpenWalkOut) {
    constexpr int kWalks = 32;
    const auto name = [](int i, const char* domain) {
        return "host-" + std::to_string(i) + ".example.com" + domain;
    };
    for (int i = 0; i < kWalks; ++i)
        record(name(i, ".shop.svc.cluster.local"), RecordType::kA, false);
    record("cart.shop.svc.cluster.local", RecordType::kA, true);
    for (int i = 0; i < kWalks; ++i)
        record(name(i, ".svc.cluster.local"), RecordType::kA, false);
    EXPECT_EQ(usage().lookups, kWalks + 1U);
}

TEST_F(UsageTest, NameThatIsFoundAtOnceOrAskedForAsItIsWastesNothing) {
    record("cart.shop.svc.cluster.local", RecordType::kA, true);
    record("www.example.com", RecordType::kA, true);
    record("7.0.64.10.in-addr.arpa", RecordType::kPtr, false);
    EXPECT_EQ(usage().lookups, 3U);
    EXPECT_EQ(usage().wasted, 0U);
    EXPECT_EQ(cure_of(usage()), "");
}

TEST_F(UsageTest, NameWithManyDotsIsOneLookupThoughTheSearchComesAfterIt) {
    const std::string base = "a.b.c.d.e.example.com";
    record(base, RecordType::kA, false);
    for (const auto* domain : {".shop.svc.cluster.local", ".svc.cluster.local", ".cluster.local"})
        record(base + domain, RecordType::kA, false);
    EXPECT_EQ(usage().queries, 4U);
    EXPECT_EQ(usage().lookups, 1U);
}

TEST_F(UsageTest, CollapsedLookupIsOneQueryAndAvoidsTheRest) {
    for (const auto type : {RecordType::kA, RecordType::kAaaa})
        recorder_.record(now_, *context_,
                         {dns_name("www.example.com.shop.svc.cluster.local"), type, true, true, false});
    EXPECT_EQ(usage().queries, 2U);
    EXPECT_EQ(usage().lookups, 2U);
    EXPECT_EQ(usage().collapsed, 2U);
    EXPECT_EQ(usage().avoided, 6U);
    EXPECT_EQ(usage().wasted, 0U);
}

TEST_F(UsageTest, ModeCountSaysWhatWouldHaveBeenAvoided) {
    recorder_.record(
        now_, *context_,
        {dns_name("www.example.com.shop.svc.cluster.local"), RecordType::kA, false, false, true});
    recorder_.record_would_collapse(*context_, 2);
    EXPECT_EQ(usage().would_collapse, 3U);
    EXPECT_EQ(usage().avoidable, 9U);
    EXPECT_EQ(usage().avoided, 0U);
    EXPECT_EQ(usage().wasted, 1U);
}

TEST_F(UsageTest, NamesTheMostWastefulNames) {
    for (int i = 0; i < 30; ++i) {
        walk("hot.example.com");
        walk("rare" + std::to_string(i) + ".example.com");
    }
    const auto counted = usage();
    const auto names = counted.wasted_names.entries();
    ASSERT_THAT(names, SizeIs(TopNames::kSize));
    EXPECT_EQ(names[0].name, dns_name("hot.example.com"));
    EXPECT_EQ(names[0].count, 180U);
    EXPECT_EQ(names[0].error, 0U);
}

TEST_F(UsageTest, CureIsChosenByWhatThePodDoes) {
    struct Case {
        const char* name;
        std::vector<std::pair<std::string, std::size_t>> walks;  ///< what, and where it was found
        const char* cure;
    };
    const Case cases[] = {
        {"names outside alone", {{"www.example.com", 3}}, "option ndots:1 in"},
        {"short names beside them",
         {{"www.example.com", 3}, {"www.example.com", 3}, {"db", 0}},
         "option ndots:1 in"},
        {"names of other namespaces beside them",
         {{"www.example.com", 3}, {"www.example.com", 3}, {"db.bank", 1}},
         "option ndots:2 in"},
        {"longer names of the cluster beside them",
         {{"www.example.com", 3}, {"www.example.com", 3}, {"a.db.bank", 1}},
         "write the name with a dot at the end, as in www.example.com."},
        {"names of other namespaces", {{"db.bank", 1}}, "look db.bank up by its full name"},
    };
    for (const auto& each : cases) {
        recorder_.keep_only({});
        now_ += 1min;
        for (const auto& [base, found_in] : each.walks)
            walk(base, found_in);
        EXPECT_THAT(cure_of(usage()), HasSubstr(each.cure)) << each.name;
    }
}

TEST_F(UsageTest, WorkersAreAddedUp) {
    UsageRecorder other;
    walk("www.example.com");
    other.record(now_, *context_,
                 {dns_name("www.example.com.shop.svc.cluster.local"), RecordType::kA, false, false, false});
    auto sum = usage();
    sum.add(other.usages().at(0));
    EXPECT_EQ(sum.queries, 9U);
    EXPECT_EQ(sum.lookups, 3U);
    EXPECT_EQ(sum.wasted, 7U);
    EXPECT_EQ(sum.wasted_names.entries()[0].count, 7U);
}

TEST_F(UsageTest, PodsAreToldApartByIdentityAndBounded) {
    UsageRecorder small{2};
    for (std::uint64_t number = 1; number <= 3; ++number)
        small.record(now_, *context_of("cart", number), {dns_name("a"), RecordType::kA, true, false, false});
    EXPECT_THAT(small.usages(), SizeIs(2));
    small.keep_only({2});
    EXPECT_THAT(small.usages(), SizeIs(1));
}

TEST_F(UsageTest, ReportIsJsonWithTheMostWastefulFirst) {
    record("cart.shop.svc.cluster.local", RecordType::kA, true);
    context_ = context_of("noisy", 2);
    walk("www.example.com");
    const auto json = usage_json(recorder_.usages());
    EXPECT_LT(json.find(R"("pod":"noisy")"), json.find(R"("pod":"cart")"));
    EXPECT_THAT(
        json, HasSubstr(R"({"namespace":"shop","pod":"noisy","uid":"uid-noisy","queries":8,"lookups":2,)"
                        R"("amplification":4.00,"wasted":6,"collapsed":0,"avoided":0,"wouldCollapse":0,)"
                        R"("avoidable":0,"wastedNames":[{"name":"www.example.com.","queries":6,"error":0}],)"
                        R"("cure":"give the pod)"));
    EXPECT_EQ(usage_json({}), R"({"pods":[]})");
}

TEST(TopNames, NeverCountTooLittleAndSayHowMuchTooMuch) {
    TopNames top;
    std::map<std::string, std::uint64_t> truth;
    for (int i = 0; i < 1000; ++i) {
        const auto text = "n" + std::to_string(i % 7 == 0 ? i % 3 : i % 101);
        ++truth[text + "."];
        top.add(dns_name(text));
    }
    for (const auto& entry : top.entries()) {
        EXPECT_GE(entry.count, truth[entry.name.to_string()]);
        EXPECT_LE(entry.count - entry.error, truth[entry.name.to_string()]);
    }
    EXPECT_TRUE(std::ranges::is_sorted(top.entries(), std::ranges::greater{}, &TopNames::Entry::count));
}

}  // namespace
}  // namespace fairlead::dns
