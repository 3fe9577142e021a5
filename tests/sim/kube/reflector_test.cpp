#include "kube/reflector.h"
#include "sim/kube/reflected_copy.h"
#include "sim/kube/watch_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

namespace fairlead::kube {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::string service_json(const std::string& name, int version, const std::string& ip) {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":")" + name +
           R"(","resourceVersion":")" + std::to_string(version) + R"("},"spec":{"clusterIP":")" + ip +
           R"(","ports":[{"port":80}]}})";
}

class ReflectorTest : public testing::Test {
  protected:
    /// Waits until the reflector sends its next request.
    std::string next_request() {
        for (int i = 0; i < 10; ++i) {
            if (auto target = reflector_.poll(now_)) return *target;
            now_ = reflector_.next_deadline();
        }
        return "none";
    }
    void answer(const std::string& body, unsigned status = 200, const std::string& retry_after = "") {
        reflector_.receive_head(now_, status, retry_after);
        reflector_.receive_body(now_, body);
    }
    void list(const std::string& events, int version) {
        answer(events + watch_bookmark("Service", version, true));
    }

    base::TimePoint now_{};
    base::Random random_{1};
    ReflectedCopy copy_;
    Reflector reflector_{{"services", "/api/v1/services", "Service", "!a/b", ""}, copy_, random_};
};

TEST_F(ReflectorTest, AsksForAStreamingListAndReplacesNothingBeforeItIsComplete) {
    const auto target = next_request();
    EXPECT_THAT(target, HasSubstr("/api/v1/services?watch=true&allowWatchBookmarks=true"));
    EXPECT_THAT(target, HasSubstr("sendInitialEvents=true"));
    EXPECT_THAT(target, HasSubstr("labelSelector=%21a%2Fb"));
    answer(watch_event("ADDED", service_json("a", 1, "10.96.0.1")));
    EXPECT_THAT(copy_.objects, IsEmpty());
    EXPECT_FALSE(reflector_.synced());
    reflector_.receive_body(now_, watch_bookmark("Service", 5, true));
    EXPECT_TRUE(reflector_.synced());
    EXPECT_EQ(copy_.objects.at("a"), "10.96.0.1");
}

TEST_F(ReflectorTest, UnderstandsTheStreamHoweverItIsCut) {
    const std::string stream = watch_event("ADDED", service_json("a", 1, "10.96.0.1")) +
                               watch_event("ADDED", service_json("b", 2, "10.96.0.2")) +
                               watch_bookmark("Service", 2, true) +
                               watch_event("MODIFIED", service_json("a", 3, "10.96.0.3")) +
                               watch_event("DELETED", service_json("b", 4, "10.96.0.2")) +
                               watch_event("ADDED", service_json("c", 5, "10.96.0.5"));
    const std::map<std::string, std::string> wanted = {{"a", "10.96.0.3"}, {"c", "10.96.0.5"}};
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        ReflectedCopy copy;
        Reflector reflector{{"services", "/api/v1/services", "Service", "", ""}, copy, random_};
        ASSERT_TRUE(reflector.poll(now_));
        reflector.receive_head(now_, 200, "");
        for (std::size_t at = 0; at < stream.size(); at += cut)
            reflector.receive_body(now_, std::string_view(stream).substr(at, cut));
        ASSERT_EQ(copy.objects, wanted) << "cut every " << cut;
    }
}

TEST_F(ReflectorTest, ResumesAnEndedWatchFromTheLastVersionAtOnce) {
    next_request();
    list(watch_event("ADDED", service_json("a", 1, "10.96.0.1")), 7);
    reflector_.receive_body(now_, watch_event("MODIFIED", service_json("a", 9, "10.96.0.9")));
    now_ += 5min;
    reflector_.receive_end(now_);
    const auto before = now_;
    const auto target = next_request();
    EXPECT_EQ(now_, before) << "it waited";
    EXPECT_THAT(target, HasSubstr("resourceVersion=9"));
    EXPECT_THAT(target, testing::Not(HasSubstr("sendInitialEvents")));
}

TEST_F(ReflectorTest, IsBlindFromTheEndOfAWatchUntilTheNextIsAnswered) {
    EXPECT_EQ(reflector_.blind_since(), std::nullopt) << "nothing is known yet";
    next_request();
    list(watch_event("ADDED", service_json("a", 1, "10.96.0.1")), 7);
    EXPECT_EQ(reflector_.blind_since(), std::nullopt);
    now_ += 5min;
    reflector_.receive_end(now_);
    const auto ended = now_;
    next_request();
    EXPECT_EQ(reflector_.blind_since(), ended) << "asked for, not answered";
    answer("{}", 403);
    reflector_.receive_end(now_);
    next_request();
    EXPECT_EQ(reflector_.blind_since(), ended);
    answer("");
    EXPECT_EQ(reflector_.blind_since(), std::nullopt);
    reflector_.receive_body(now_,
                            watch_event("ERROR", R"({"kind":"Status","code":410,"message":"too old"})"));
    next_request();
    answer(watch_event("ADDED", service_json("b", 8, "10.96.0.2")));
    EXPECT_NE(reflector_.blind_since(), std::nullopt) << "a list that is not complete";
    reflector_.receive_body(now_, watch_bookmark("Service", 8, true));
    EXPECT_EQ(reflector_.blind_since(), std::nullopt);
}

TEST_F(ReflectorTest, StartsOverWhenTheServerForgotTheVersion) {
    next_request();
    list(watch_event("ADDED", service_json("a", 1, "10.96.0.1")), 7);
    reflector_.receive_body(now_,
                            watch_event("ERROR", R"({"kind":"Status","code":410,"message":"too old"})"));
    EXPECT_FALSE(reflector_.busy());
    EXPECT_EQ(copy_.objects.size(), 1U) << "kept until the new list is complete";
    EXPECT_THAT(next_request(), HasSubstr("sendInitialEvents=true"));
    list(watch_event("ADDED", service_json("b", 8, "10.96.0.2")), 8);
    EXPECT_EQ(copy_.objects, (std::map<std::string, std::string>{{"b", "10.96.0.2"}}));
}

TEST_F(ReflectorTest, FallsBackToPagedListsWhereStreamingIsRefused) {
    next_request();
    answer(R"({"kind":"Status","code":422})", 422);
    reflector_.receive_end(now_);
    EXPECT_EQ(next_request(), "/api/v1/services?limit=500&labelSelector=%21a%2Fb");
    answer(R"({"metadata":{"resourceVersion":"7","continue":"token/1"},"items":[)" +
           service_json("a", 1, "10.96.0.1") + "]}");
    reflector_.receive_end(now_);
    EXPECT_FALSE(reflector_.synced());
    EXPECT_THAT(next_request(), HasSubstr("continue=token%2F1"));
    answer(R"({"metadata":{"resourceVersion":"7"},"items":[)" + service_json("b", 1, "10.96.0.2") + "]}");
    reflector_.receive_end(now_);
    EXPECT_EQ(copy_.objects.size(), 2U);
    EXPECT_THAT(next_request(), HasSubstr("resourceVersion=7"));
}

TEST_F(ReflectorTest, ResourceThatTheServerNeedNotHaveIsNoErrorAndAskedForRarely) {
    Reflector reflector{{.name = "servicecidrs",
                         .path = "/apis/networking.k8s.io/v1/servicecidrs",
                         .kind = "ServiceCIDR",
                         .may_be_absent = true},
                        copy_,
                        random_};
    const auto answer_absent = [&] {
        ASSERT_TRUE(reflector.poll(now_));
        reflector.receive_head(now_, 404, "");
        reflector.receive_body(now_, "404 page not found\n");
        reflector.receive_end(now_);
    };
    for (int i = 0; i < 3; ++i) {
        answer_absent();
        EXPECT_EQ(reflector.last_error(), "");
        EXPECT_GE(reflector.next_deadline() - now_, 5min);
        EXPECT_LE(reflector.next_deadline() - now_, 10min);
        now_ = reflector.next_deadline();
    }
    EXPECT_THAT(copy_.reports, IsEmpty());
    EXPECT_FALSE(reflector.synced());
    ASSERT_TRUE(reflector.poll(now_)) << "the server was upgraded";
    reflector.receive_head(now_, 200, "");
    reflector.receive_body(now_, watch_bookmark("Service", 5, true));
    EXPECT_TRUE(reflector.synced());
}

TEST_F(ReflectorTest, ResourceThatEveryServerHasIsAnErrorWhereItIsMissing) {
    next_request();
    answer("404 page not found\n", 404);
    reflector_.receive_end(now_);
    EXPECT_THAT(reflector_.last_error(),
                HasSubstr("cannot list and watch services: the API server answered 404"));
    EXPECT_LT(reflector_.next_deadline() - now_, 10s);
}

TEST_F(ReflectorTest, ObjectWithAnOddValueIsUsedAndReportedOnce) {
    const auto odd = [](int version, const std::string& affinity) {
        return R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"a","resourceVersion":")" +
               std::to_string(version) + R"("},"spec":{"clusterIP":"10.96.0.1","sessionAffinity":")" +
               affinity + R"("}})";
    };
    next_request();
    list(watch_event("ADDED", odd(1, "Cookie")), 7);
    EXPECT_EQ(copy_.objects.at("a"), "10.96.0.1");
    ASSERT_EQ(copy_.reports.size(), 1U);
    EXPECT_THAT(copy_.reports[0],
                HasSubstr("Service shop/a: spec.sessionAffinity: 'Cookie' is not known here; the "
                          "rest of it is used"));
    reflector_.receive_body(now_, watch_event("MODIFIED", odd(8, "Cookie")));
    EXPECT_EQ(copy_.reports.size(), 1U);
    reflector_.receive_body(now_, watch_event("MODIFIED", odd(9, "None")));
    reflector_.receive_body(now_, watch_event("MODIFIED", odd(10, "Cookie")));
    EXPECT_EQ(copy_.reports.size(), 2U) << "odd again after it was mended";
}

TEST_F(ReflectorTest, AsksForPagesWhereStreamingListsDoNotComplete) {
    const std::pair<const char*, std::function<void()>> servers[] = {
        {"silent before the head",
         [&] {
             now_ = reflector_.next_deadline();
             reflector_.failed(now_, "no sign of life");
         }},
        {"silent after the head",
         [&] {
             answer("");
             now_ = reflector_.next_deadline();
             reflector_.failed(now_, "no sign of life");
         }},
        {"ignores the parameter",
         [&] {
             answer(watch_event("ADDED", service_json("a", 1, "10.96.0.1")));
             for (int i = 0; !reflector_.expired(now_); ++i) {
                 ASSERT_LT(i, 100) << "changes without end";
                 reflector_.receive_body(now_, watch_event("MODIFIED", service_json("a", i, "10.96.0.1")));
                 now_ += 10s;
             }
             reflector_.failed(now_, "no sign of life");
         }},
        {"ends",
         [&] {
             answer(watch_event("ADDED", service_json("a", 1, "10.96.0.1")));
             reflector_.receive_end(now_);
         }},
        {"gives up waiting",
         [&] {
             answer("", 504);
             reflector_.receive_end(now_);
         }},
    };
    for (const auto& [name, fail] : servers) {
        SCOPED_TRACE(name);
        for (int i = 0; i < 2; ++i) {
            EXPECT_THAT(next_request(), HasSubstr("sendInitialEvents=true"));
            fail();
        }
        EXPECT_THAT(next_request(), HasSubstr("limit=500"));
        answer(R"({"metadata":{"resourceVersion":"7"},"items":[]})");
        reflector_.receive_end(now_);
        EXPECT_THAT(next_request(), HasSubstr("resourceVersion=7"));
        reflector_.receive_head(now_, 200, "");
        reflector_.receive_body(now_, watch_event("ERROR", R"({"kind":"Status","code":410})"));
    }
    EXPECT_THAT(next_request(), HasSubstr("sendInitialEvents=true")) << "after the next 410 it may work";
}

TEST_F(ReflectorTest, ServerThatIsDownGetsAStreamingListOnceItIsBack) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(next_request(), HasSubstr("sendInitialEvents=true"));
        reflector_.failed(now_, "connect: Connection refused");
    }
}

TEST_F(ReflectorTest, AsksForPagesAtOnceWhereStreamingIsNoMethod) {
    next_request();
    answer("", 405);
    reflector_.receive_end(now_);
    EXPECT_THAT(next_request(), HasSubstr("limit=500"));
    EXPECT_THAT(copy_.reports, IsEmpty());
}

TEST_F(ReflectorTest, BacksOffWithGrowingPausesAndHonoursRetryAfter) {
    base::Duration last{};
    for (int i = 0; i < 8; ++i) {
        next_request();
        const auto sent = now_;
        reflector_.failed(now_, "connect: Connection refused");
        next_request();
        last = now_ - sent;
        EXPECT_GE(last, 400ms);
        EXPECT_LE(last, 45s);
        reflector_.failed(now_, "connect: Connection refused");
    }
    EXPECT_GE(last, 15s) << "the pause did not grow";
    EXPECT_THAT(reflector_.last_error(), HasSubstr("Connection refused"));
    next_request();
    const auto sent = now_;
    answer("", 429, "77");
    reflector_.receive_end(now_);
    next_request();
    EXPECT_GE(now_ - sent, 77s);
}

TEST_F(ReflectorTest, NamesMissingRightsAndKeepsTrying) {
    next_request();
    answer("{}", 403);
    reflector_.receive_end(now_);
    EXPECT_THAT(copy_.reports, Contains(HasSubstr("needs the verbs list and watch on services")));
    EXPECT_NE(next_request(), "none");
}

TEST_F(ReflectorTest, GivesUpAWatchThatIsSilentForThreeBookmarks) {
    next_request();
    list("", 7);
    EXPECT_FALSE(reflector_.expired(now_ + 2min));
    EXPECT_TRUE(reflector_.expired(now_ + 3min));
    reflector_.receive_body(now_ + 1min, watch_bookmark("Service", 8, false));
    EXPECT_FALSE(reflector_.expired(now_ + 3min));
}

TEST_F(ReflectorTest, AnObjectThatCannotBeReadIsReportedAndStaysAsItWas) {
    next_request();
    list(watch_event("ADDED", service_json("a", 1, "10.96.0.1")), 7);
    reflector_.receive_body(now_, watch_event("MODIFIED", service_json("a", 8, "10.96.0.999")));
    EXPECT_EQ(copy_.objects.at("a"), "10.96.0.1");
    EXPECT_THAT(copy_.reports, Contains(HasSubstr("Service shop/a: spec.clusterIP: ")));
    reflector_.receive_body(now_, watch_event("ERROR", R"({"code":410})"));
    next_request();
    list(watch_event("ADDED", service_json("a", 8, "10.96.0.999")), 9);
    EXPECT_EQ(copy_.objects.at("a"), "10.96.0.1") << "also in a new list";
}

/// A server that forgets, ends, refuses and cuts as it likes; in the end the copy must be the truth.
TEST_F(ReflectorTest, ConvergesToTheTruthWhateverTheServerDoes) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        base::Random random{seed};
        ReflectedCopy copy;
        Reflector reflector{{"services", "/api/v1/services", "Service", "", ""}, copy, random};
        std::map<std::string, std::string> truth;
        std::deque<std::string> history;  // events, the last one has version `version`
        int version = 100;
        base::TimePoint now{};
        const auto change = [&] {
            const auto name = std::string(1, static_cast<char>('a' + static_cast<char>(random.below(6))));
            const auto ip = "10.96.0." + std::to_string(1 + random.below(200));
            const bool gone = truth.contains(name) && random.below(3) == 0;
            const auto type = gone ? "DELETED" : truth.contains(name) ? "MODIFIED" : "ADDED";
            if (gone)
                truth.erase(name);
            else
                truth[name] = ip;
            history.push_back(watch_event(type, service_json(name, ++version, ip)));
            return history.back();
        };
        const auto serve = [&](bool faults) {
            const auto target = reflector.poll(now);
            if (!target) {
                now = reflector.next_deadline();
                return;
            }
            now += 2s;
            if (faults && random.below(5) == 0) return reflector.failed(now, "reset");
            if (faults && random.below(8) == 0) {
                reflector.receive_head(now, random.below(2) == 0 ? 429 : 410, "1");
                return reflector.receive_end(now);
            }
            reflector.receive_head(now, 200, "");
            std::string stream;
            const bool is_page = target->find("limit=") != std::string::npos;
            if (is_page) {
                for (const auto& [name, ip] : truth)
                    stream += (stream.empty() ? "" : ",") + service_json(name, version, ip);
                stream = R"({"metadata":{"resourceVersion":")" + std::to_string(version) + R"("},"items":[)" +
                         stream + "]}";
            } else if (target->find("sendInitialEvents") != std::string::npos) {
                for (const auto& [name, ip] : truth)
                    stream += watch_event("ADDED", service_json(name, version, ip));
                stream += watch_bookmark("Service", version, true);
            } else {
                const auto from = std::stoi(target->substr(target->find("resourceVersion=") + 16));
                const auto missing = static_cast<std::size_t>(version - from);
                if (faults && random.below(6) == 0)
                    stream = watch_event("ERROR", R"({"code":410})");
                else
                    for (std::size_t i = history.size() - missing; i < history.size(); ++i)
                        stream += history[i];
            }
            const bool goes_on = !is_page && stream.find("ERROR") == std::string::npos;
            for (auto more = random.below(4); more > 0 && goes_on; --more)
                stream += change();
            if (faults && random.below(4) == 0) stream.resize(random.below(stream.size() + 1));
            reflector.receive_body(now, stream);
            now += 2s;
            if (random.below(3) == 0 && faults)
                reflector.failed(now, "reset");
            else
                reflector.receive_end(now);
        };
        for (int round = 0; round < 60; ++round)
            serve(true);
        for (int round = 0; round < 12; ++round)
            serve(false);
        ASSERT_EQ(copy.objects, truth) << "seed " << seed;
    }
}

}  // namespace
}  // namespace fairlead::kube
