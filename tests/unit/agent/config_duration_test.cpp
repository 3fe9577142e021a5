#include "agent/config_duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsWhatGoWrites) {
    const std::vector<std::pair<std::string, base::Duration>> cases = {
        {"0", 0s},        {"0s", 0s},        {"30s", 30s},
        {"24h0m0s", 24h}, {"1h30m", 90min},  {"1.5h", 90min},
        {".5s", 500ms},   {"2.s", 2s},       {"250ms", 250ms},
        {"7us", 7us},     {"7\u00b5s", 7us}, {"7\u03bcs", 7us},
        {"3ns", 3ns},     {"+1m", 1min},     {"1h1m1.001s", 1h + 1min + 1001ms},
    };
    for (const auto& [text, wanted] : cases) {
        const auto duration = parse_duration(text);
        ASSERT_TRUE(duration) << text << ": " << duration.error().message;
        EXPECT_EQ(*duration, wanted) << text;
    }
}

TEST(ParseDuration, SaysWhyItRefuses) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "'' is not a duration"},        {"5", "'5' is not a duration"},
        {"s", "'s' is not a duration"},      {".s", "'.s' is not a duration"},
        {"1d", "'1d' is not a duration"},    {"1h ", "'1h ' is not a duration"},
        {"1m-1s", "is not a duration"},      {"1e3s", "is not a duration"},
        {"infs", "is not a duration"},       {"-1s", "is a negative duration"},
        {"2562048h", "is longer than 290"},  {"+", "is not a duration"},
        {"99999999999999999999h", "longer"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto duration = parse_duration(text);
        ASSERT_FALSE(duration) << text;
        EXPECT_THAT(duration.error().message, testing::HasSubstr(wanted));
    }
}

TEST(FormatDuration, WritesWhatGoWrites) {
    const std::vector<std::pair<base::Duration, std::string>> cases = {
        {0s, "0s"},     {3ns, "3ns"},   {1500ns, "1.5\u00b5s"},     {250ms, "250ms"},  {1001us, "1.001ms"},
        {90s, "1m30s"}, {1h, "1h0m0s"}, {24h + 500ms, "24h0m0.5s"}, {1050ms, "1.05s"},
    };
    for (const auto& [duration, wanted] : cases) {
        EXPECT_EQ(format_duration(duration), wanted);
        EXPECT_EQ(parse_duration(wanted).value(), duration) << wanted;
    }
}

}  // namespace
}  // namespace fairlead::agent
