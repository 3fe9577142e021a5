#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "case_program.h"
#include "lab/conntrack_parts.h"
#include "support/command.h"

namespace fairlead::lab {
namespace {

using base::Family;
using testing::HasSubstr;
using End = Transfer::End;

constexpr const char* kCloseWait = "net/netfilter/nf_conntrack_tcp_timeout_close_wait";
constexpr const char* kLoose = "net/netfilter/nf_conntrack_tcp_loose";

/// A node each without the guard and with it, as the case has them.
class ConntrackCaseTest : public CaseTest {
  protected:
    ConntrackCaseTest() : CaseTest("ct") {}

    void set_up_stages() override {
        ASSERT_TRUE(network_.build({"unguarded", "guarded"}));
        set_up(off_, "off", "1s");
        set_up(guarded_, "endpoints", "1h");
    }
    void take_down_stages() override {
        off_.reset();
        guarded_.reset();
    }

    void set_up(std::unique_ptr<ConntrackStage>& stage, const std::string& guard,
                const std::string& close_wait) {
        stage = std::make_unique<ConntrackStage>(lab_, guard == "off" ? "unguarded" : "guarded",
                                                 guard == "off" ? 1 : 2);
        const auto ready =
            stage->set_up(network_, kProgram,
                          {"--conntrack-guard", guard, "--conntrack-tcp-timeout-close-wait", close_wait});
        ASSERT_TRUE(ready) << ready.error().message;
    }

    Network network_{lab_};
    std::unique_ptr<ConntrackStage> off_;
    std::unique_ptr<ConntrackStage> guarded_;
};

TEST_F(ConntrackCaseTest, SegmentAboveTheWindowResetsTheClientUnlessItIsGuarded) {
    for (const auto family : {Family::kIpv4, Family::kIpv6}) {
        const auto reset = send_segment_above_window(*off_, family);
        ASSERT_TRUE(reset) << reset.error().message;
        EXPECT_EQ(reset->transfer.end, End::kReset) << describe(reset->transfer);
        EXPECT_EQ(reset->transfer.received_bytes, reset->transfer.wanted_bytes / 2);
        EXPECT_TRUE(reset->transfer.server_was_reset);
        EXPECT_EQ(reset->counts.invalid, 2U) << "the segment and the client's RST to the Pod";
        EXPECT_EQ(reset->counts.dropped_by_guard, 0U);
        const auto trace = render_trace(reset->seen, reset->connection, 12, Style{});
        EXPECT_THAT(trace, HasSubstr("from the Pod's address, not from the Service"));
        EXPECT_THAT(trace, HasSubstr("RST to the Pod"));
        EXPECT_THAT(trace, HasSubstr("RST: the server has this connection no more"));

        const auto well = send_segment_above_window(*guarded_, family);
        ASSERT_TRUE(well) << well.error().message;
        EXPECT_EQ(well->transfer.end, End::kComplete) << describe(well->transfer);
        EXPECT_EQ(well->counts.invalid, 1U);
        EXPECT_EQ(well->counts.dropped_by_guard, 1U);
        EXPECT_EQ(count_resets(well->seen), 0U);
    }
}

TEST_F(ConntrackCaseTest, AnswerAfterFinArrivesOnlyWhileTheNodeRemembersTheConnection) {
    struct {
        const char* close_wait;
        const char* loose;
        bool guarded;
        End end;
        bool server_was_reset;
        unsigned invalid;  // of the server's packets; resets of the client count beside them
    } const cases[] = {
        {"3600", "1", true, End::kComplete, false, 0}, {"1", "1", false, End::kSilence, true, 0},
        {"1", "1", true, End::kSilence, true, 0},      {"1", "0", false, End::kSilence, true, 1},
        {"1", "0", true, End::kSilence, false, 1},
    };
    for (const auto& one : cases) {
        const auto& stage = one.guarded ? *guarded_ : *off_;
        ASSERT_TRUE(stage.set_sysctl(kCloseWait, one.close_wait));
        ASSERT_TRUE(stage.set_sysctl(kLoose, one.loose));
        const auto late = answer_late_after_fin(stage, Family::kIpv4);
        ASSERT_TRUE(late) << late.error().message;
        const auto what = std::string(one.close_wait) + " s, loose " + one.loose;
        EXPECT_EQ(late->transfer.end, one.end) << what;
        EXPECT_EQ(late->transfer.server_was_reset, one.server_was_reset) << what;
        EXPECT_GE(late->counts.invalid, one.invalid) << what;
        EXPECT_EQ(late->counts.dropped_by_guard > 0, one.guarded && one.invalid > 0) << what;
    }
}

TEST_F(ConntrackCaseTest, AgentSetsTheTimeoutThatKeepsHalfClosedConnections) {
    const auto late = answer_late_after_fin(*guarded_, Family::kIpv6);
    ASSERT_TRUE(late) << late.error().message;
    EXPECT_EQ(late->transfer.end, End::kComplete) << describe(late->transfer);
    const auto lost = answer_late_after_fin(*off_, Family::kIpv6);
    ASSERT_TRUE(lost) << lost.error().message;
    EXPECT_EQ(lost->transfer.end, End::kSilence) << describe(lost->transfer);
}

TEST_F(ConntrackCaseTest, FullTableLetsNobodyNewInAndResetsNobody) {
    const auto full = fill_the_table(*guarded_);
    ASSERT_TRUE(full) << full.error().message;
    EXPECT_EQ(full->new_connection.end, End::kNoConnection) << describe(full->new_connection);
    EXPECT_EQ(full->old_connection.end, End::kComplete) << describe(full->old_connection);
    EXPECT_EQ(full->afterwards.end, End::kComplete) << describe(full->afterwards);
    EXPECT_GT(full->counts.dropped, 0U);
    EXPECT_EQ(full->counts.invalid, 0U);
    EXPECT_GT(full->entries, 1000U);
}

TEST(ConntrackCase, ShowsFailureAndCure) {
    const auto said = test::output_of(kProgram + " lab run conntrack 2>&1");
    for (const auto* line : {"reset after 512 of 1,024 KiB", "complete, 1,024 KiB", "from the Pod's address",
                             "RST to the Pod", "1 h by the agent, endpoints  complete, 256 KiB",
                             "full: a new connection", "no connection", "all of it is removed again"})
        EXPECT_THAT(said, HasSubstr(line));
    expect_no_case_left();
}

TEST(ConntrackCase, InterruptedLeavesNothingAndKilledIsRemovedByLabDown) {
    expect_nothing_left_of_an_ended_case("conntrack", namespace_prefix("case") + "case_guarded");
}

}  // namespace
}  // namespace fairlead::lab
