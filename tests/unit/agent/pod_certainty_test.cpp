#include "agent/pod_certainty.h"

#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

TEST(PodCertainty, EndsTenSecondsAfterTheWatchAndIsBackTwoSecondsAfterTheNext) {
    const base::TimePoint start{1h};
    const struct {
        base::Duration at;
        std::optional<base::Duration> blind_since;
        bool is_certain;
        const char* what;
    } steps[] = {
        {0s, std::nullopt, true, "a watch is open"},
        {5s, 5s, true, "it ended just now"},
        {6s, std::nullopt, true, "the next is open: watches end all the time"},
        {7s, 7s, true, "it ended, and the server is away"},
        {16s, 7s, true, "for 9 seconds"},
        {17s, 7s, false, "for 10 seconds"},
        {60s, 7s, false, "for long"},
        {61s, std::nullopt, false, "a watch is open, but has told nothing yet"},
        {62s, 62s, false, "and is gone again"},
        {63s, std::nullopt, false, "open"},
        {64s, std::nullopt, false, "for a second"},
        {65s, std::nullopt, true, "for two"},
        {66s, 66s, true, "gone"},
    };
    PodCertainty certainty;
    EXPECT_TRUE(certainty.is_certain());
    for (const auto& step : steps) {
        certainty.update(start + step.at,
                         step.blind_since ? std::optional(start + *step.blind_since) : std::nullopt);
        EXPECT_EQ(certainty.is_certain(), step.is_certain) << step.what;
    }
}

}  // namespace
}  // namespace fairlead::agent
