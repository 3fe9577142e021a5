#include "agent/event_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(EventJson, IsAnEventOfTheService) {
    const Event event{{"Service", {"shop", "cart"}, "u-1"},
                      "FailedToStartServiceHealthcheck",
                      "Listen",
                      "port \"1\" is taken"};
    EXPECT_EQ(
        event_json(event, "n1", base::WallTime{12h + 5us}),
        R"({"apiVersion":"events.k8s.io/v1","kind":"Event",)"
        R"("metadata":{"namespace":"shop","name":"cart.274a48a79388"},)"
        R"("eventTime":"1970-01-01T12:00:00.000005Z","type":"Warning",)"
        R"("reason":"FailedToStartServiceHealthcheck","action":"Listen","note":"port \"1\" is taken",)"
        R"("regarding":{"apiVersion":"v1","kind":"Service","namespace":"shop","name":"cart","uid":"u-1"},)"
        R"("reportingController":"fairlead","reportingInstance":"fairlead-n1"})");
}

// The API server accepts Events about objects of no namespace in "default" only.
TEST(EventJson, AboutANodeIsInTheDefaultNamespace) {
    const auto json = event_json({{"Node", {"", "n1"}, "u-2"}, "R", "A", "why"}, "n1", base::WallTime{12h});
    EXPECT_THAT(json, HasSubstr(R"("metadata":{"namespace":"default","name":"n1.)"));
    EXPECT_THAT(json, HasSubstr(R"("regarding":{"apiVersion":"v1","kind":"Node","name":"n1","uid":"u-2"},)"));
}

TEST(EventJson, IsOfTypeNormalWhereNothingIsWrong) {
    const Event event{{"Node", {"", "n1"}, "u-2"}, "R", "A", "all is well", EventType::kNormal};
    EXPECT_THAT(event_json(event, "n1", {}), HasSubstr(R"("type":"Normal","reason":"R")"));
}

TEST(EventJson, KeepsToTheLengthsThatTheApiServerAllows) {
    const Event event{{"Service", {"shop", "cart"}, "u-1"}, "R", "A", std::string(1025, 'n')};
    const auto json = event_json(event, std::string(253, 'h'), {});
    EXPECT_THAT(json, HasSubstr("\"" + std::string(1024, 'n') + "\""));
    EXPECT_THAT(json, HasSubstr("\"fairlead-" + std::string(119, 'h') + "\""));
}

}  // namespace
}  // namespace fairlead::agent
