#include "dns/question_case.h"

#include <gtest/gtest.h>

#include <set>

#include "dns/loop_watch.h"
#include "dns/secure_random.h"
#include "dns/timers.h"
#include "dns/upstream_health.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using Mode = CaseKeeping::Mode;

TEST(SecureRandom, IsTheKeyStreamOfTheRfc) {
    // RFC 8439, appendix A.1, test vectors 1 and 2: key and nonce zero, block counter 0 and 1.
    SecureRandom random{SecureRandom::Key{}};
    EXPECT_EQ(random(), 0x903df1a0ade0b876U);  // 76 b8 e0 ad a0 f1 3d 90
    EXPECT_EQ(random(), 0x28bd8653e56a5d40U);  // 40 5d 6a e5 53 86 bd 28
    for (int i = 0; i < 6; ++i)
        random();
    EXPECT_EQ(random(), 0x7a385155bee7079fU);  // 9f 07 e7 be 55 51 38 7a
}

TEST(SecureRandom, AnotherKeyGivesOtherNumbers) {
    SecureRandom::Key key{};
    key[31] = 1;
    SecureRandom a{SecureRandom::Key{}};
    SecureRandom b{key};
    EXPECT_NE(a(), b());
}

TEST(QuestionCase, LettersChangeAndNothingElse) {
    const Name name = *Name::parse("www.exa-mple09\\@[.com");
    SecureRandom random{SecureRandom::Key{}};
    std::set<std::string> seen;
    for (int i = 0; i < 64; ++i) {
        const Name mixed = with_random_case(name, random);
        EXPECT_EQ(mixed, name);
        EXPECT_EQ(mixed.lowered().to_string(), name.to_string());
        seen.insert(mixed.to_string());
    }
    EXPECT_GT(seen.size(), 55U);  // of 2^13
    EXPECT_TRUE(with_random_case(Name{}, random).is_root());
}

TEST(QuestionCase, LongNamesChangeInAllTheirLetters) {
    const Name name =
        *Name::parse(std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c'));
    SecureRandom random{SecureRandom::Key{}};
    const std::string mixed = with_random_case(name, random).to_string();
    for (std::size_t label = 0; label < 3; ++label) {
        const std::string part = mixed.substr(label * 64, 63);
        EXPECT_NE(part, std::string(63, part[0])) << "label " << label;
    }
}

const base::TimePoint kNow{1h};

CaseKeeping suspected() {
    CaseKeeping keeping;
    keeping.wrong_case_by_udp(kNow);
    EXPECT_EQ(keeping.mode(kNow), Mode::kRandomCase);
    keeping.wrong_case_by_udp(kNow);
    EXPECT_EQ(keeping.mode(kNow), Mode::kAskByTcp);
    return keeping;
}

TEST(CaseKeeping, TwoWrongRepliesLeadToAQuestionOverTcpThatDecides) {
    CaseKeeping forged = suspected();
    forged.answered_by_tcp(kNow, true);
    EXPECT_EQ(forged.mode(kNow), Mode::kRandomCase);
    CaseKeeping keeping = suspected();
    keeping.answered_by_tcp(kNow, false);
    EXPECT_EQ(keeping.mode(kNow + 59min), Mode::kLowerCase);
    EXPECT_EQ(keeping.mode(kNow + 1h), Mode::kRandomCase);
}

TEST(CaseKeeping, ARightReplyInBetweenClearsTheSuspicion) {
    CaseKeeping keeping;
    keeping.wrong_case_by_udp(kNow);
    keeping.right_case_by_udp();
    keeping.wrong_case_by_udp(kNow);
    EXPECT_EQ(keeping.mode(kNow), Mode::kRandomCase);
}

TEST(CaseKeeping, WithoutTcpTheProtectionIsGivenUpAtTheSecondSuspicion) {
    CaseKeeping keeping = suspected();
    keeping.tcp_failed(kNow);
    EXPECT_EQ(keeping.mode(kNow), Mode::kRandomCase);
    CaseKeeping cleared = keeping;
    for (CaseKeeping* const one : {&keeping, &cleared}) {
        if (one == &cleared) one->right_case_by_udp();
        one->wrong_case_by_udp(kNow);
        one->wrong_case_by_udp(kNow);
        one->tcp_failed(kNow);
    }
    EXPECT_EQ(keeping.mode(kNow), Mode::kLowerCase);
    EXPECT_EQ(cleared.mode(kNow), Mode::kRandomCase);
}

TEST(CaseKeeping, TcpThatFailsForAnotherReasonMeansNothing) {
    CaseKeeping keeping;
    keeping.tcp_failed(kNow);
    keeping.tcp_failed(kNow);
    EXPECT_EQ(keeping.mode(kNow), Mode::kRandomCase);
}

TEST(UpstreamHealth, TwoFailuresInARowAreOneTooMany) {
    UpstreamHealth health;
    health.failed();
    EXPECT_TRUE(health.healthy());
    health.answered();
    health.failed();
    EXPECT_TRUE(health.healthy());
    health.failed();
    EXPECT_FALSE(health.healthy());
    health.answered();
    EXPECT_TRUE(health.healthy());
}

TEST(UpstreamHealth, PatienceFollowsTheRoundTripWithinBounds) {
    UpstreamHealth health;
    EXPECT_EQ(health.patience(), 500ms);
    for (int i = 0; i < 50; ++i)
        health.measured(1ms);
    EXPECT_EQ(health.patience(), 200ms);
    for (int i = 0; i < 50; ++i)
        health.measured(400ms);
    EXPECT_GT(health.patience(), 400ms);
    EXPECT_LT(health.patience(), 600ms);
    for (int i = 0; i < 50; ++i)
        health.measured(3s);
    EXPECT_EQ(health.patience(), 1s);
}

TEST(LoopWatch, ItsOwnNamesAreSightedForTheirUpstreamOnly) {
    LoopWatch loops{0x1234, 3};
    const base::TimePoint start{1h};
    EXPECT_FALSE(loops.sight(start, *Name::parse("www.example.com")));
    EXPECT_FALSE(loops.sight(start, *Name::parse("fairlead-loop-0000000000009999-1")));
    EXPECT_FALSE(loops.sight(start, *Name::parse("fairlead-loop-0000000000001234-3")));
    EXPECT_FALSE(loops.sight(start, *Name::parse("fairlead-loop-0000000000001234-")));
    EXPECT_FALSE(loops.sight(start, *Name::parse("fairlead-loop-0000000000001234-1x")));
    EXPECT_FALSE(loops.sight(start, *Name::parse("fairlead-loop")));
    EXPECT_TRUE(loops.sight(start, *Name::parse("Fairlead-LOOP-0000000000001234-1")));
    EXPECT_TRUE(loops.sight(start, loops.probe_name(1)));
    EXPECT_TRUE(loops.sighted_since(1, start));
    EXPECT_FALSE(loops.sighted_since(1, start + 1s));
    EXPECT_FALSE(loops.sighted_since(0, start));
}

TEST(Timers, TheEarliestIsTakenFirstAndAKeyHasOneTime) {
    Timers<int> timers;
    const base::TimePoint start{1h};
    EXPECT_EQ(timers.next(), std::nullopt);
    timers.set(1, start + 3s);
    timers.set(2, start + 1s);
    timers.set(1, start + 2s);
    timers.set(3, start + 1s);
    timers.cancel(3);
    EXPECT_EQ(timers.next(), start + 1s);
    EXPECT_EQ(timers.take_due(start), std::nullopt);
    EXPECT_EQ(timers.take_due(start + 5s), 2);
    EXPECT_EQ(timers.take_due(start + 5s), 1);
    EXPECT_EQ(timers.take_due(start + 5s), std::nullopt);
}

}  // namespace
}  // namespace fairlead::dns
