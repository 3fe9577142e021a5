#include "agent/zpages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/version.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(Flagz, HasEveryFlagWithItsValueInEffectSorted) {
    Config config;
    config.node_name = "n1";
    config.masquerade_all = true;
    config.node_port_addresses.all = true;
    config.node_port_addresses.localhost = true;
    const auto text = flagz_text(config);
    EXPECT_THAT(text, MatchesRegex("\nfairlead flagz\nWarning: [^\n]*\n[a-z].*"));
    EXPECT_THAT(text, HasSubstr("\nmasquerade-all=true\n"));
    EXPECT_THAT(text, HasSubstr("\nnodeport-addresses=localhost,all\n"));
    EXPECT_THAT(text, HasSubstr("\nmanifests=\n")) << "what has no value";
    EXPECT_LT(text.find("\nlog-level="), text.find("\nmasquerade-all="));
    for (const auto& setting : settings())
        EXPECT_THAT(text, HasSubstr("\n" + std::string(setting.flag.substr(2)) + "="));
}

TEST(Flagz, IsAnObjectWithTheSameFlags) {
    Config config;
    config.node_name = "n\"1";
    config.masquerade_all = true;
    const auto fields = flagz_fields(config);
    EXPECT_THAT(fields, StartsWith(R"("flags":{"admin-address":")"));
    EXPECT_THAT(fields, HasSubstr(R"(,"masquerade-all":"true",)"));
    EXPECT_THAT(fields, HasSubstr(R"("node":"n\"1")"));
    EXPECT_THAT(fields, HasSubstr(R"(,"manifests":"",)"));
}

TEST(Statusz, SaysSinceWhenTheAgentRunsItsVersionAndItsPages) {
    const auto text = statusz_text(
        {base::WallTime{1'700'000'000s}, 26h + 3min + 4s + 900ms, {"/status", "/metrics/slis", "/metrics"}});
    EXPECT_THAT(text, StartsWith("\nfairlead statusz\nWarning: "));
    EXPECT_THAT(
        text,
        HasSubstr(
            "\n\nStarted: Tue Nov 14 22:13:20 UTC 2023\nUp: 26 hr 03 min 04 sec\nGo version: none, this is "
            "C++\nBinary version: " +
            std::string(base::kVersion) + "\nEmulation version: 1.37\nPaths: /metrics /status\n"));
}

TEST(Statusz, IsAnObjectWithTheSame) {
    EXPECT_EQ(statusz_fields({base::WallTime{1'700'000'000s}, 61s, {"/status", "/metrics/slis", "/metrics"}}),
              R"("startTime":"2023-11-14T22:13:20Z","uptimeSeconds":61,"goVersion":"","binaryVersion":")" +
                  std::string(base::kVersion) +
                  R"(","emulationVersion":"1.37","paths":["/metrics","/status"])");
}

}  // namespace
}  // namespace fairlead::agent
