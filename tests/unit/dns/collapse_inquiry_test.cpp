// How a verdict comes about, and how long it holds.

#include <gmock/gmock.h>

#include "collapse_case.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using test::dns_name;
using test::dns_query;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using enum CollapseAnswer::Kind;

TEST_F(CollapseTest, BothTypesAreAskedForOnceAndNothingThatTheClientWouldNotAsk) {
    ask("www.example.com", RecordType::kAaaa);
    ask("www.example.com", RecordType::kA);
    std::vector<std::string> asked;
    for (const auto& each : lookups_.asked)
        asked.push_back(each.name.to_string() + " " + name_of(each.type));
    EXPECT_THAT(asked, ElementsAre("www.example.com.corp.example. A", "www.example.com.corp.example. AAAA",
                                   "www.example.com. A", "www.example.com. AAAA"));
}

TEST_F(CollapseTest, FullNameInTheClusterIsCollapsedAndAlwaysUpToDate) {
    const std::string base = "db.bank.svc.cluster.local";
    lookups_.existing.insert(dns_name(base));
    set(base, {.ttl_s = 30}, {"10.96.0.7"}, {});
    EXPECT_THAT(collapsed(base, RecordType::kA), ElementsAre("CNAME 5 " + base + ".", "A 30 10.96.0.7"));
    set(base, {.ttl_s = 30}, {"10.96.0.8"}, {});
    EXPECT_THAT(collapsed(base, RecordType::kA), ElementsAre("CNAME 5 " + base + ".", "A 30 10.96.0.8"));
    lookups_.existing.clear();
    set(base, {.code = ResponseCode::kNxDomain}, {}, {});
    expect_own(base);
}

TEST_F(CollapseTest, NewServiceUndoesItAtTheNextQuery) {
    collapsed("www.example.com", RecordType::kA);
    lookups_.existing.insert(dns_name("www.example.com.cluster.local"));
    expect_own("www.example.com");
}

TEST_F(CollapseTest, NothingIsCollapsedBeforeTheZoneIsKnown) {
    lookups_.synced = false;
    expect_own("www.example.com");
}

TEST_F(CollapseTest, NothingIsCollapsedBeforeClientsOfAnotherServerAreDone) {
    now_ = kStart - 1ms;
    expect_own("www.example.com");
    now_ = kStart + 5s;
    EXPECT_EQ(ask("www.example.com", RecordType::kA).kind, kCollapsed);
}

TEST_F(CollapseTest, ModeCountAnswersAsEverAndSaysWhatWouldHaveBeen) {
    context_->mode = CollapseMode::kCount;
    auto answer = ask("www.example.com", RecordType::kA);
    EXPECT_EQ(answer.kind, kOwn);
    EXPECT_TRUE(answer.would_collapse);
    answer = ask("www.example.org", RecordType::kA);
    EXPECT_EQ(answer.kind, kOwn);
    EXPECT_FALSE(answer.would_collapse);
    context_->mode = CollapseMode::kOff;
    EXPECT_FALSE(ask("www.example.com", RecordType::kA).would_collapse);
}

TEST_F(CollapseTest, ModeCountMakesNobodyWait) {
    context_->mode = CollapseMode::kCount;
    lookups_.holds_back = true;
    EXPECT_EQ(ask("www.example.com", RecordType::kA).kind, kOwn);
    EXPECT_EQ(ask("www.example.com", RecordType::kAaaa).kind, kOwn);
    for (std::size_t i = 0; i < lookups_.asked.size(); ++i) {
        const auto asked = lookups_.asked[i];
        collapser_.resolved(now_, asked.ticket, lookups_.result_of(asked.name, asked.type), lookups_);
    }
    const auto finished = collapser_.take_finished();
    ASSERT_THAT(finished, SizeIs(1));
    EXPECT_EQ(finished[0].counted, 2U);
    EXPECT_EQ(finished[0].counted_for, context_);
}

TEST_F(CollapseTest, QueriesOfAPairWaitForOneInquiry) {
    lookups_.holds_back = true;
    const auto a = ask("www.example.com", RecordType::kA);
    const auto aaaa = ask("www.example.com", RecordType::kAaaa);
    ASSERT_EQ(a.kind, kPending);
    ASSERT_EQ(aaaa.kind, kPending);
    EXPECT_EQ(a.inquiry, aaaa.inquiry);
    EXPECT_EQ(collapser_.next_deadline(), now_ + 1s);
    ASSERT_THAT(lookups_.asked, SizeIs(2)) << "one candidate after the other";
    for (std::size_t i = 0; i < lookups_.asked.size(); ++i) {
        EXPECT_THAT(collapser_.take_finished(), IsEmpty());
        const auto asked = lookups_.asked[i];
        collapser_.resolved(now_, asked.ticket, lookups_.result_of(asked.name, asked.type), lookups_);
    }
    EXPECT_THAT(lookups_.asked, SizeIs(4));
    const auto finished = collapser_.take_finished();
    ASSERT_THAT(finished, SizeIs(1));
    EXPECT_EQ(finished[0].inquiry, a.inquiry);
    for (const auto type : {RecordType::kA, RecordType::kAaaa}) {
        const auto held = dns_query("www.example.com" + std::string(kFirst), type);
        EXPECT_EQ(Collapser::answer(now_, *context_, held->query, kLimit, finished[0].ruling).kind,
                  kCollapsed);
    }
    EXPECT_EQ(collapser_.next_deadline(), std::nullopt);
}

TEST_F(CollapseTest, InquiryThatTakesTooLongGivesOwnAnswersBeforeClientsAskAgain) {
    lookups_.holds_back = true;
    const auto pending = ask("www.example.com", RecordType::kA);
    now_ += 999ms;
    collapser_.advance(now_);
    EXPECT_THAT(collapser_.take_finished(), IsEmpty());
    now_ += 1ms;
    collapser_.advance(now_);
    const auto finished = collapser_.take_finished();
    ASSERT_THAT(finished, SizeIs(1));
    EXPECT_EQ(finished[0].inquiry, pending.inquiry);
    EXPECT_EQ(finished[0].ruling.verdict->reason, VerdictReason::kFailed);
    lookups_.holds_back = false;
    expect_own("www.example.com");  // the other half of the pair
    const auto late = lookups_.asked.front();
    collapser_.resolved(now_, late.ticket, lookups_.result_of(late.name, late.type), lookups_);
    EXPECT_THAT(collapser_.take_finished(), IsEmpty());
}

TEST_F(CollapseTest, WorkersGiveTheTwoHalvesOfAPairTheSameVerdict) {
    Collapser other{kStart};
    lookups_.holds_back = true;
    ASSERT_EQ(ask("www.example.com", RecordType::kA).kind, kPending);
    collapser_.advance(now_ += 1s);
    lookups_.holds_back = false;
    const auto held = dns_query("www.example.com" + std::string(kFirst), RecordType::kAaaa);
    EXPECT_EQ(other.decide(now_, *context_, held->query, kLimit, lookups_).kind, kOwn);
}

TEST_F(CollapseTest, FailureOfAnUpstreamIsNeverSeenAtACandidate) {
    collapsed("www.example.com", RecordType::kA);
    set("www.example.com", {.fails = true}, {}, {});
    now_ += 61s;
    expect_own("www.example.com");
    now_ += 4s;
    set("www.example.com", {}, {"192.0.2.1"}, {});
    expect_own("www.example.com");
}

TEST_F(CollapseTest, AnswerGrowsOldAndIsAskedForAnew) {
    set("www.example.com", {.ttl_s = 20}, {"192.0.2.1"}, {});
    collapsed("www.example.com", RecordType::kA);
    const auto asked = lookups_.asked.size();
    now_ += 19s;
    EXPECT_EQ(ask("www.example.com", RecordType::kA).age_s, 19U);
    EXPECT_EQ(lookups_.asked.size(), asked);
    now_ += 1s;
    set("www.example.com", {.ttl_s = 20}, {"192.0.2.2"}, {});
    EXPECT_THAT(collapsed("www.example.com", RecordType::kA),
                ElementsAre("CNAME 5 www.example.com.", "A 20 192.0.2.2"));
}

}  // namespace
}  // namespace fairlead::dns
