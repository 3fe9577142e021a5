#include "agent/zpages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/version.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Flagz, HasEveryFlagWithItsValueInEffectSorted) {
    Config config;
    config.node_name = "n1";
    config.masquerade_all = true;
    config.node_port_addresses.all = true;
    config.node_port_addresses.localhost = true;
    const auto text = flagz_text(config);
    EXPECT_THAT(text, StartsWith("\nfairlead flagz\nWarning: "));
    EXPECT_THAT(text, HasSubstr("\nmasquerade-all=true\n"));
    EXPECT_THAT(text, HasSubstr("\nnodeport-addresses=localhost,all\n"));
    EXPECT_THAT(text, HasSubstr("\nmanifests=\n")) << "what has no value";
    EXPECT_LT(text.find("\nlog-level="), text.find("\nmasquerade-all="));
    for (const auto& setting : settings())
        EXPECT_THAT(text, HasSubstr("\n" + std::string(setting.flag.substr(2)) + "="));
}

TEST(Statusz, SaysSinceWhenTheAgentRunsItsVersionAndItsPages) {
    const auto text =
        statusz_text({base::WallTime{1'700'000'000s}, 26h + 3min + 4s + 900ms, {"/metrics", "/status"}});
    EXPECT_THAT(text, StartsWith("\nfairlead statusz\nWarning: "));
    EXPECT_THAT(
        text,
        HasSubstr("\n\nStarted: Tue Nov 14 22:13:20 UTC 2023\nUp: 26 hr 03 min 04 sec\nBinary version: " +
                  std::string(base::kVersion) + "\nPaths: /metrics /status\n"));
}

}  // namespace
}  // namespace fairlead::agent
