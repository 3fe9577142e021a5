#include "cli/service_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/pages.h"

namespace fairlead::cli {
namespace {

using base::Result;
using testing::ElementsAre;
using Services = std::vector<ServiceView>;

const auto kCartName = test::service("shop", "cart", {"10.64.0.1:8080"});
const auto kCartWithoutEndpoints = test::service("shop", "cart", {});
const auto kTill = test::service("shop", "till", {});

TEST(ServiceWatch, PrintsOnlyWhatChangedAndWhatIsGone) {
    ServiceWatch watch{OutputFormat::kTable, {}};
    EXPECT_EQ(watch.update({kCartName, kTill}).value(),
              "NAME   TYPE        CLUSTER-IP   PORT(S)   ENDPOINTS   STATE\n"
              "cart   ClusterIP   10.96.0.1    80/TCP    1           balanced\n"
              "till   ClusterIP   10.96.0.1    80/TCP    0           rejected\n");
    EXPECT_EQ(watch.update({kCartName, kTill}).value(), "");
    EXPECT_EQ(watch.update({kCartWithoutEndpoints}).value(),
              "cart   ClusterIP   10.96.0.1    80/TCP    0           rejected\n"
              "till   ClusterIP   10.96.0.1    80/TCP    0           deleted\n");
    EXPECT_EQ(watch.update({kCartWithoutEndpoints}).value(), "");
    EXPECT_EQ(watch.update({kCartWithoutEndpoints, kTill}).value(),
              "till   ClusterIP   10.96.0.1    80/TCP    0           rejected\n");
}

TEST(ServiceWatch, IsAStreamOfEventsAsJsonAndAsYaml) {
    ServiceWatch json{OutputFormat::kJson, {}};
    const auto event = [](std::string_view type, const ServiceView& service) {
        return "{\"type\":\"" + std::string(type) + "\",\"object\":" + service_json(service) + "}\n";
    };
    EXPECT_EQ(json.update({kCartName, kTill}).value(), event("ADDED", kCartName) + event("ADDED", kTill));
    EXPECT_EQ(json.update({kCartWithoutEndpoints}).value(),
              event("MODIFIED", kCartWithoutEndpoints) + event("DELETED", kTill));
    ServiceWatch yaml{OutputFormat::kYaml, {}};
    EXPECT_THAT(yaml.update({kCartName}).value(),
                testing::StartsWith("---\ntype: \"ADDED\"\nobject:\n  apiVersion: "));
}

/// A watch that sees a list of polls go by.
struct Script {
    std::vector<Result<std::optional<Services>>> polls;
    bool ready = true;
    std::string printed{};
    std::vector<std::string> told{};
    std::vector<bool> afresh{};

    Result<void> run() {
        ServiceWatch watch{OutputFormat::kTable, {}};
        printed = watch.update({kCartName}).value();
        std::size_t turn = 0;
        return run_watch(watch, {[&](bool ask_afresh) {
                                     afresh.push_back(ask_afresh);
                                     return polls.at(turn++);
                                 },
                                 [&] { return Result<bool>{ready}; }, [&] { return turn < polls.size(); },
                                 [&](std::string_view text) { printed += text; },
                                 [&](std::string_view line) { told.emplace_back(line); }});
    }
};

TEST(RunWatch, WaitsForAnAgentThatIsAwayAndSaysSoOnce) {
    const auto away = base::fail(base::ErrorCode::kUnavailable, "refused");
    Script script{
        {Services{kCartName}, away, away, Services{kCartName}, std::nullopt, Services{kCartName, kTill}}};
    ASSERT_TRUE(script.run());
    EXPECT_THAT(script.afresh, ElementsAre(false, false, true, true, false, false));
    EXPECT_THAT(script.told, ElementsAre("the agent does not answer; waiting for it", "the agent is back"));
    EXPECT_THAT(script.printed,
                testing::EndsWith("1           balanced\n"
                                  "till   ClusterIP   10.96.0.1    80/TCP    0           rejected\n"));
}

TEST(RunWatch, DoesNotTakeTheEmptyListOfAnAgentThatStartsForDeletions) {
    Script starting{{Services{}, Services{}}, false};
    ASSERT_TRUE(starting.run());
    EXPECT_THAT(starting.printed, testing::Not(testing::HasSubstr("deleted")));
    EXPECT_THAT(starting.afresh, ElementsAre(false, true)) << "what was not taken in is asked for again";
    Script running{{Services{}}, true};
    ASSERT_TRUE(running.run());
    EXPECT_THAT(running.printed, testing::HasSubstr("deleted"));
}

}  // namespace
}  // namespace fairlead::cli
