#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/handlers.h"

namespace fairlead::admin {
namespace {

using base::Family;
using namespace std::chrono_literals;

constexpr base::TimePoint kStart{1000s};

/// Noon and one of 1970-01-01.
constexpr base::WallTime kNoon{43'200s};
constexpr base::WallTime kOne{46'800s};

class HealthHandlerTest : public testing::Test {
  protected:
    net::HttpAnswer get(const std::string& path) { return handler_({path, ""}); }

    Metrics metrics_;
    std::vector<std::string> not_ready_;
    SyncHealth sync_;
    bool eligible_ = true;
    base::TimePoint now_ = kStart;
    base::WallTime wall_now_ = kOne;
    net::HttpServer::Handler handler_ =
        health_handler({[this] { return not_ready_; }, [this]() -> const SyncHealth& { return sync_; },
                        [this] { return eligible_; }, [this] { return now_; }, [this] { return wall_now_; }},
                       metrics_);
};

TEST_F(HealthHandlerTest, SaysOfAHealthyProxyThatItWasUpdatedJustNow) {
    sync_.synced(Family::kIpv4, kNoon);
    sync_.synced(Family::kIpv6, kNoon - 1h);
    const std::string rest =
        R"("healthy":true,"status":{"IPv4":{"lastUpdated":"1970-01-01T12:00:00Z","healthy":true},)"
        R"("IPv6":{"lastUpdated":"1970-01-01T11:00:00Z","healthy":true}}})"
        "\n";
    const std::string times =
        R"({"lastUpdated":"1970-01-01T13:00:00Z","currentTime":"1970-01-01T13:00:00Z",)";
    const auto healthz = get("/healthz");
    EXPECT_EQ(healthz.status, 200U);
    EXPECT_EQ(healthz.content_type, "application/json");
    EXPECT_THAT(healthz.headers, testing::ElementsAre(testing::Pair("X-Content-Type-Options", "nosniff")));
    EXPECT_EQ(healthz.body, times + R"("nodeEligible":true,)" + rest);
    EXPECT_EQ(get("/livez").body, times + rest);
}

TEST_F(HealthHandlerTest, IsHealthyBeforeThereIsWorkThoughNotReady) {
    not_ready_ = {"waiting for a list", "no API server"};
    EXPECT_EQ(get("/livez").status, 200U);
    EXPECT_EQ(get("/healthz").status, 200U);
    EXPECT_EQ(get("/readyz").status, 503U);
    EXPECT_EQ(get("/readyz").body, "waiting for a list\nno API server\n");
    not_ready_.clear();
    EXPECT_EQ(get("/readyz").status, 200U);
    EXPECT_EQ(get("/readyz").body, "ok\n");
}

TEST_F(HealthHandlerTest, IsUnhealthyOnceOneFamilyWaitsForAMinuteWhateverWasSyncedBefore) {
    for (const auto family : {Family::kIpv4, Family::kIpv6}) {
        sync_ = {};
        sync_.synced(Family::kIpv4, kNoon);
        sync_.synced(Family::kIpv6, kNoon);
        sync_.queued(family, kStart);
        now_ = kStart + 59s;
        EXPECT_EQ(get("/healthz").status, 200U);
        now_ = kStart + 60s;
        for (const auto* path : {"/healthz", "/livez"}) {
            const auto answer = get(path);
            EXPECT_EQ(answer.status, 503U) << path;
            EXPECT_THAT(answer.body, testing::StartsWith(R"({"lastUpdated":"1970-01-01T12:00:00Z",)"));
            EXPECT_THAT(answer.body, testing::HasSubstr(R"("healthy":false,"status")"));
        }
    }
}

TEST_F(HealthHandlerTest, WaitsForTwiceTheSyncPeriod) {
    sync_.set_sync_period(5s);
    sync_.queued(Family::kIpv4, kStart);
    now_ = kStart + 9s;
    EXPECT_EQ(get("/livez").status, 200U);
    now_ = kStart + 10s;
    EXPECT_EQ(get("/livez").status, 503U);
}

TEST_F(HealthHandlerTest, IsLiveButNotHealthyOnANodeThatIsAboutToGo) {
    eligible_ = false;
    EXPECT_EQ(get("/healthz").status, 503U);
    EXPECT_THAT(get("/healthz").body, testing::HasSubstr(R"("nodeEligible":false,"healthy":true)"));
    EXPECT_EQ(get("/livez").status, 200U);
}

TEST_F(HealthHandlerTest, CountsItsAnswersFromTheStart) {
    EXPECT_THAT(metrics_.expose(), testing::HasSubstr("kubeproxy_proxy_livez_total{code=\"503\"} 0\n"));
    get("/healthz");
    eligible_ = false;
    get("/healthz");
    get("/healthz");
    get("/livez");
    for (const auto* line :
         {"kubeproxy_proxy_healthz_total{code=\"200\"} 1\n",
          "kubeproxy_proxy_healthz_total{code=\"503\"} 2\n", "kubeproxy_proxy_livez_total{code=\"200\"} 1\n"})
        EXPECT_THAT(metrics_.expose(), testing::HasSubstr(line));
}

TEST_F(HealthHandlerTest, KnowsNoOtherPage) {
    EXPECT_EQ(get("/").status, 404U);
    EXPECT_EQ(get("/metrics").body, "no page /metrics\n");
}

}  // namespace
}  // namespace fairlead::admin
