#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/handlers.h"

namespace fairlead::admin {
namespace {

class AdminHandlerTest : public testing::Test {
  protected:
    net::HttpAnswer get(const std::string& path, const std::string& query = "",
                        const std::string& if_none_match = "") {
        return handler_({path, query, if_none_match});
    }

    Metrics metrics_;
    std::string version_ = "a-1";
    int bodies_ = 0;
    net::HttpServer::Handler handler_ =
        admin_handler(metrics_, {{"/plain", {[](const std::string& query) { return "{" + query + "}"; }, {}}},
                                 {"/text", {[](const std::string&) { return "word"; }, {}, "text/plain"}},
                                 {"/versioned",
                                  {[this](const std::string& query) -> base::Result<std::string> {
                                       if (query == "bad")
                                           return base::fail(base::ErrorCode::kInvalid, "'bad' is bad");
                                       return std::to_string(++bodies_);
                                   },
                                   [this] { return version_; }}}});
};

TEST_F(AdminHandlerTest, ListsItsPages) {
    EXPECT_EQ(get("/").body, "/healthz\n/metrics\n/metrics/slis\n/plain\n/text\n/versioned\n");
    EXPECT_EQ(get("/none").status, 404U);
}

TEST_F(AdminHandlerTest, ServesMetricsOfTheProcessToo) {
    metrics_.counter("a_total", "A.").add(3);
    const auto answer = get("/metrics");
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(answer.body, testing::HasSubstr("\na_total 3\n"));
    EXPECT_THAT(answer.body, testing::HasSubstr("\nprocess_open_fds "));
}

TEST_F(AdminHandlerTest, MakesAPlainPageAnewEachTime) {
    const auto answer = get("/plain", "q=1");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.content_type, "application/json");
    EXPECT_EQ(answer.body, "{q=1}");
    EXPECT_EQ(answer.entity_tag, "");
}

TEST_F(AdminHandlerTest, ServesPagesThatAreNoJson) {
    const auto answer = get("/text");
    EXPECT_EQ(answer.content_type, "text/plain");
    EXPECT_EQ(answer.body, "word");
}

TEST_F(AdminHandlerTest, IsAliveAsKubeProxyIsAndCountsThat) {
    EXPECT_THAT(get("/metrics/slis").body,
                testing::HasSubstr("\nkubernetes_healthcheck{name=\"ping\",type=\"healthz\"} 1\n"));
    EXPECT_EQ(get("/healthz").body, "ok");
    EXPECT_EQ(get("/healthz").content_type, "text/plain; charset=utf-8");
    EXPECT_THAT(get("/metrics/slis").body, testing::HasSubstr("\nkubernetes_healthchecks_total{name=\"ping\","
                                                              "status=\"success\",type=\"healthz\"} 2\n"));
    EXPECT_THAT(metrics_.expose(), testing::Not(testing::HasSubstr("kubernetes_healthcheck")));
}

TEST_F(AdminHandlerTest, DoesNotMakeAPageForThoseWhoHaveIt) {
    const auto first = get("/versioned");
    EXPECT_EQ(first.body, "1");
    EXPECT_EQ(first.entity_tag, "\"a-1\"");
    const auto unchanged = get("/versioned", "", first.entity_tag);
    EXPECT_EQ(unchanged.status, 304U);
    EXPECT_EQ(unchanged.body, "");
    EXPECT_EQ(unchanged.entity_tag, first.entity_tag);
    EXPECT_EQ(bodies_, 1);
    version_ = "a-2";
    EXPECT_EQ(get("/versioned", "", first.entity_tag).body, "2");
}

TEST_F(AdminHandlerTest, APageMayBeAnsweredLater) {
    std::function<void(base::Result<std::string>)> reply;
    const auto handler =
        admin_handler(metrics_, {{"/slow", {{}, {}, "text/plain", [&](const std::string& query, auto answer) {
                                                EXPECT_EQ(query, "a=b");
                                                reply = std::move(answer);
                                            }}}});
    std::vector<net::HttpAnswer> answers;
    for (int i = 0; i < 2; ++i) {
        const auto pending = handler({"/slow", "a=b"});
        ASSERT_TRUE(pending.later);
        pending.later([&](net::HttpAnswer answer) { answers.push_back(std::move(answer)); });
        EXPECT_EQ(answers.size(), static_cast<std::size_t>(i)) << "not yet";
        if (i == 0)
            reply("word");
        else
            reply(base::fail(base::ErrorCode::kDenied, "no"));
    }
    EXPECT_EQ(answers.at(0).status, 200U);
    EXPECT_EQ(answers.at(0).body, "word");
    EXPECT_EQ(answers.at(0).content_type, "text/plain");
    EXPECT_EQ(answers.at(1).status, 400U);
    EXPECT_EQ(answers.at(1).body, "no\n");
}

TEST_F(AdminHandlerTest, SaysWhatIsWrongWithAQuery) {
    const auto answer = get("/versioned", "bad");
    EXPECT_EQ(answer.status, 400U);
    EXPECT_EQ(answer.body, "'bad' is bad\n");
}

}  // namespace
}  // namespace fairlead::admin
