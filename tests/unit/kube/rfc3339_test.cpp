#include "kube/rfc3339.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace fairlead::kube {
namespace {

TEST(ParseRfc3339, ReadsWhatTheApiWrites) {
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_rfc3339("2026-11-24T12:00:00Z"), 1'795'521'600'000'000'000);
    EXPECT_EQ(parse_rfc3339("2026-11-24T12:00:00.5Z"), 1'795'521'600'500'000'000);
    EXPECT_EQ(parse_rfc3339("2026-11-24T14:00:00.123456789123+02:00"), 1'795'521'600'123'456'789);
}

TEST(ParseRfc3339, TimesThatDoNotFitAreTheNearestThatDo) {
    using Limits = std::numeric_limits<std::int64_t>;
    EXPECT_EQ(parse_rfc3339("9999-12-31T23:59:59Z"), Limits::max());
    EXPECT_EQ(parse_rfc3339("0000-01-01T00:00:00Z"), Limits::min());
    EXPECT_EQ(parse_rfc3339("2262-04-11T23:47:16.854775807Z"), Limits::max());
    EXPECT_EQ(parse_rfc3339("2262-04-11T23:47:15Z"), 9'223'372'035'000'000'000);
}

TEST(ParseRfc3339, RefusesEverythingElse) {
    for (const char* text :
         {"", "2026-11-24", "2026-11-24T12:00:00", "2026-13-24T12:00:00Z", "2026-11-24T25:00:00Z",
          "2026-11-24 12:00:00Z", "2026-11-24T12:00:00+0200", "x026-11-24T12:00:00Z"})
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

}  // namespace
}  // namespace fairlead::kube
