#include "cli/observed_peak.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

TEST(ParseObservedPeak, TakesThePeakAndNothingElse) {
    EXPECT_EQ(parse_observed_peak(R"({"watching":true,"used":5,"peak":70,"max":100})"), 70);
    for (const auto* page :
         {R"({"watching":false})", R"({"peak":-1})", R"({"peak":"70"})", "[]", "70", "", "{"})
        EXPECT_EQ(parse_observed_peak(page), std::nullopt) << page;
}

}  // namespace
}  // namespace fairlead::cli
