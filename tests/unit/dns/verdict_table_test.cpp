#include "dns/verdict_table.h"

#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;

const base::TimePoint kBeginning{1000s};
const Name kBase = Name::parse("www.example.com").value();

std::shared_ptr<const Verdict> verdict(VerdictReason reason, base::Duration lifetime = 10s,
                                       bool is_of_zone = false) {
    return std::make_shared<const Verdict>(Verdict{reason, is_of_zone, lifetime, {}});
}

const auto kYes = verdict(VerdictReason::kCollapse);
const auto kNo = verdict(VerdictReason::kFailed);

/// A query's verdict at one moment, and its reply.
const Verdict* ask(VerdictTable& table, base::TimePoint now, const std::shared_ptr<const Verdict>& found) {
    const auto ruling = table.give(now, kBase, {found, now, 0});
    table.replied(now, kBase, !ruling.verdict->collapses());
    return ruling.verdict.get();
}

TEST(VerdictTable, RulesFromTheFirstVerdictOn) {
    VerdictTable table;
    EXPECT_EQ(table.find(kBase).verdict, nullptr);
    EXPECT_EQ(table.give(kBeginning, kBase, {kYes, kBeginning, 0}).verdict, kYes);
    EXPECT_EQ(table.find(kBase).verdict, kYes);
    EXPECT_TRUE(table.find(kBase).is_fresh(kBeginning + 9s, 0));
    EXPECT_FALSE(table.find(kBase).is_fresh(kBeginning + 10s, 0));
    EXPECT_EQ(table.find(Name::parse("www.example.org").value()).verdict, nullptr);
}

TEST(VerdictTable, WhoAsksWhileAnotherVerdictIsGivenGetsThatOne) {
    VerdictTable table;
    table.give(kBeginning, kBase, {kNo, kBeginning + 2ms, 0});
    EXPECT_EQ(table.give(kBeginning + 1ms, kBase, {kYes, kBeginning + 3ms, 0}).verdict, kNo);
}

TEST(VerdictTable, OtherVerdictTakesOverOnlyAfterAPause) {
    for (const bool collapses_first : {false, true}) {
        const auto& before = collapses_first ? kYes : kNo;
        const auto& after = collapses_first ? kNo : kYes;
        VerdictTable table;
        EXPECT_EQ(ask(table, kBeginning, before), before.get());
        EXPECT_EQ(ask(table, kBeginning + 4999ms, after), before.get());
        EXPECT_EQ(ask(table, kBeginning + 9998ms, after), before.get());
        EXPECT_EQ(ask(table, kBeginning + 14998ms, after), after.get());
    }
}

TEST(VerdictTable, PauseGetsShorterTheLongerAVerdictHasWaited) {
    VerdictTable table;
    ask(table, kBeginning, kNo);
    auto now = kBeginning;
    while (ask(table, now += 100ms, kYes) != kYes.get())
        ASSERT_LT(now - kBeginning, 60s);
    // 5 s / 2^6 is the first pause that is under 100 ms.
    EXPECT_NEAR(std::chrono::duration<double>(now - kBeginning).count(), 30.1, 0.2);
}

TEST(VerdictTable, CollapseThatIsOverIsServedForOneWindowAtMost) {
    VerdictTable table;
    auto now = kBeginning;
    ask(table, now, kYes);
    while (ask(table, now += 10ms, kNo) != kNo.get())
        ASSERT_LT(now - kBeginning, 60s);
    EXPECT_LE(now - kBeginning, 15s);
    EXPECT_GE(now - kBeginning, 5s);
}

TEST(VerdictTable, ChangeInTheClusterEndsACollapseAtOnce) {
    VerdictTable table;
    ask(table, kBeginning, kYes);
    const auto created = verdict(VerdictReason::kCandidateExists, 0s, true);
    EXPECT_EQ(ask(table, kBeginning + 1ms, created), created.get());
    // And the other way round nobody is surprised: own answers are right meanwhile.
    EXPECT_EQ(ask(table, kBeginning + 2ms, kYes), created.get());
}

TEST(VerdictTable, VerdictOnOtherDomainsIsNotFreshAndEndsACollapseAtOnce) {
    VerdictTable table;
    ask(table, kBeginning, kYes);
    EXPECT_FALSE(table.find(kBase).is_fresh(kBeginning, 1));
    EXPECT_EQ(table.give(kBeginning + 1ms, kBase, {kNo, kBeginning + 1ms, 1}).verdict, kNo);
}

TEST(VerdictTable, RemembersWhoMayBeWalking) {
    VerdictTable table;
    EXPECT_FALSE(table.may_be_walking(kBeginning, kBase));
    table.replied(kBeginning, kBase, false);
    EXPECT_FALSE(table.may_be_walking(kBeginning, kBase));
    table.replied(kBeginning, kBase, true);
    EXPECT_TRUE(table.may_be_walking(kBeginning + 29s, kBase));
    EXPECT_FALSE(table.may_be_walking(kBeginning + 30s, kBase));
}

TEST(VerdictTable, IsBoundedAndDoubtsEverythingAfterItHadNoRoom) {
    VerdictTable table{4};
    const auto name = [](int i) { return Name::parse("a" + std::to_string(i) + ".example").value(); };
    for (int i = 0; i < 4; ++i)
        table.replied(kBeginning, name(i), true);
    EXPECT_FALSE(table.may_be_walking(kBeginning, kBase));
    EXPECT_EQ(table.give(kBeginning, name(4), {kYes, kBeginning, 0}).verdict, nullptr);
    EXPECT_TRUE(table.may_be_walking(kBeginning, kBase));
    EXPECT_EQ(table.give(kBeginning + 31s, name(4), {kYes, kBeginning + 31s, 0}).verdict, kYes);
    EXPECT_FALSE(table.may_be_walking(kBeginning + 31s, kBase));
}

}  // namespace
}  // namespace fairlead::dns
