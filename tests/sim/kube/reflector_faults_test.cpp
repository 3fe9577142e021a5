#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "kube/reflector.h"
#include "sim/kube/fake_api_server.h"
#include "sim/kube/reflected_copy.h"

namespace fairlead::kube {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;
using test::parameter;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ReflectorFaults : public testing::TestWithParam<Encoding> {
  protected:
    ReflectorFaults() { server_.encoding = GetParam(); }

    /// Waits until the reflector sends its next request; gives its target.
    std::string next_request() {
        for (int i = 0; i < 10; ++i) {
            if (auto target = reflector_.poll(now_)) return *target;
            now_ = reflector_.next_deadline();
        }
        return "none";
    }
    void give(const FakeApiServer::Answer& answer) {
        reflector_.receive_head(now_, answer.status, answer.retry_after, answer.content_type);
        reflector_.receive_body(now_, answer.body);
        if (!answer.is_watch) reflector_.receive_end(now_);
    }
    /// The next request with the server's answer to it; gives its target.
    std::string serve() {
        auto target = next_request();
        give(server_.answer(target));
        return target;
    }
    void receive(std::string_view bytes) { reflector_.receive_body(now_, bytes); }

    FakeApiServer server_;
    base::TimePoint now_{};
    base::Random random_{1};
    ReflectedCopy copy_;
    Reflector reflector_{
        {"services", "/api/v1/services", "Service", "!a/b", "metadata.name=x"}, copy_, random_};
};

INSTANTIATE_TEST_SUITE_P(BothEncodings, ReflectorFaults,
                         testing::Values(Encoding::kJson, Encoding::kProtobuf), [](const auto& encoding) {
                             return encoding.param == Encoding::kJson ? "Json" : "Protobuf";
                         });

TEST_P(ReflectorFaults, ChangesWhileAStreamingListComesCount) {
    for (const auto* name : {"a", "b", "c"})
        server_.put(name, "10.96.0.1");
    server_.during_list = [this] {
        server_.remove("a");
        server_.put("b", "10.96.0.2");
        server_.put("d", "10.96.0.4");
        server_.put("e", "10.96.0.5");
        server_.remove("e");
    };
    serve();
    EXPECT_EQ(copy_.objects,
              (FakeApiServer::Objects{{"b", "10.96.0.2"}, {"c", "10.96.0.1"}, {"d", "10.96.0.4"}}));
    EXPECT_THAT(copy_.reports, IsEmpty());
}

TEST_P(ReflectorFaults, StreamIsTheSameWhereverItIsCut) {
    server_.put("a", "10.96.0.1");
    server_.put("b", "10.96.0.2");
    auto body = server_.answer("/x?watch=true&sendInitialEvents=true");
    server_.put("a", "10.96.0.3");
    server_.remove("b");
    body.body += server_.news() + server_.bookmark();
    for (std::size_t cut = 0; cut <= body.body.size(); ++cut) {
        ReflectedCopy copy;
        Reflector reflector{{"services", "/api/v1/services", "Service", "", ""}, copy, random_};
        ASSERT_TRUE(reflector.poll(now_));
        reflector.receive_head(now_, 200, "", body.content_type);
        reflector.receive_body(now_, std::string_view(body.body).substr(0, cut));
        reflector.receive_body(now_, std::string_view(body.body).substr(cut));
        ASSERT_EQ(copy.objects, server_.objects()) << "cut at " << cut;
        ASSERT_TRUE(reflector.busy()) << reflector.last_error();
    }
}

TEST_P(ReflectorFaults, SelectorsGoWithEachRequest) {
    server_.streaming_lists = false;
    for (int i = 0; i < 7; ++i)
        server_.put(std::string(1, static_cast<char>('a' + i)), "10.96.0.1");
    for (int i = 0; i < 5; ++i) {  // refused, three pages, watch
        const auto target = serve();
        EXPECT_EQ(parameter(target, "labelSelector"), "%21a%2Fb");
        EXPECT_EQ(parameter(target, "fieldSelector"), "metadata.name%3Dx");
    }
    EXPECT_THAT(copy_.objects, SizeIs(7));
}

TEST_P(ReflectorFaults, QuietWatchIsResumedAndNoError) {
    server_.put("a", "10.96.0.1");
    serve();
    for (int i = 0; i < 5; ++i) {
        now_ = reflector_.next_deadline();
        ASSERT_TRUE(reflector_.expired(now_));
        reflector_.failed(now_, "no sign of life");
        const auto before = now_;
        EXPECT_EQ(parameter(serve(), "resourceVersion"), std::to_string(server_.version()));
        EXPECT_EQ(now_, before) << "it waited";
    }
    EXPECT_THAT(copy_.reports, IsEmpty());
    EXPECT_EQ(reflector_.last_error(), "");
}

TEST_P(ReflectorFaults, RequestThatIsNeverAnsweredIsAnError) {
    serve();
    reflector_.receive_end(now_ + 1min);
    now_ += 1min;
    next_request();
    now_ = reflector_.next_deadline();
    reflector_.failed(now_, "no sign of life");
    EXPECT_THAT(reflector_.last_error(), HasSubstr("services: no sign of life"));
    EXPECT_FALSE(reflector_.poll(now_)) << "it did not wait";
}

TEST_P(ReflectorFaults, ServerThatForgetsAtOnceIsNotAskedWithoutPause) {
    const auto start = now_;
    unsigned lists = 0;
    while (now_ < start + 2min) {
        serve();
        ++lists;
        receive(server_.error_event(410, "too old resource version"));
    }
    EXPECT_LE(lists, 30U);
    EXPECT_GE(lists, 5U);
}

TEST_P(ReflectorFaults, RetryAfterOfAnErrorEventIsHonoured) {
    serve();
    receive(server_.error_event(429, "too many requests", 50));
    const auto before = now_;
    EXPECT_NE(parameter(next_request(), "resourceVersion"), std::nullopt) << "resumed, not listed";
    EXPECT_GE(now_ - before, 50s);
    EXPECT_THAT(copy_.reports, Contains(HasSubstr("watch services: too many requests")));
}

TEST_P(ReflectorFaults, AbsurdRetryAfterIsCutToTwoMinutes) {
    next_request();
    give({503, "999999", "", "", false});
    const auto before = now_;
    next_request();
    EXPECT_EQ(now_ - before, 120s);
}

TEST_P(ReflectorFaults, WatchThatIsRefusedForGoodMakesANewList) {
    serve();
    now_ += 1min;
    reflector_.receive_end(now_);
    EXPECT_NE(parameter(next_request(), "resourceVersion"), std::nullopt);
    give({400, "", "", "invalid resource version", false});
    EXPECT_EQ(parameter(next_request(), "resourceVersion"), std::nullopt);
}

TEST_P(ReflectorFaults, ErrorsInARowGiveUpTheVersion) {
    serve();
    int resumed = 0;
    for (; resumed < 10; ++resumed) {
        receive(server_.error_event(500, "etcd is unwell"));
        if (!parameter(serve(), "resourceVersion")) break;
    }
    EXPECT_EQ(resumed, 3);
}

TEST_P(ReflectorFaults, UnreadableObjectIsReportedOnceForEachReason) {
    server_.put("a", "10.96.0.1");
    serve();
    for (int i = 0; i < 3; ++i)
        receive(server_.unreadable("MODIFIED", "a"));
    ASSERT_THAT(copy_.reports, SizeIs(1));
    EXPECT_THAT(copy_.reports[0], HasSubstr("Service shop/a: spec.clusterIP: "));
    EXPECT_THAT(copy_.reports[0], HasSubstr("what was known of it stays"));
    EXPECT_EQ(copy_.objects.at("a"), "10.96.0.1");
    server_.put("a", "10.96.0.7");
    receive(server_.news());
    EXPECT_EQ(copy_.objects.at("a"), "10.96.0.7");
    receive(server_.unreadable("MODIFIED", "a"));
    EXPECT_THAT(copy_.reports, SizeIs(2)) << "broken again after it was mended";
}

/// Counts what would reach the data plane.
class Audience final : public ReflectorSink {
  public:
    int calls = 0;
    FakeApiServer::Objects objects;

    void replace(std::deque<AnyObject> list, std::vector<ObjectKey>) override {
        ++calls;
        objects.clear();
        for (auto& object : list) {
            const auto& service = std::get<Service>(object);
            objects[service.key.name] = service.cluster_ips.at(0).to_string();
        }
    }
    void put(AnyObject) override { ++calls; }
    void remove(const ObjectKey&) override { ++calls; }
    void report(const std::string&) override {}
};

TEST_P(ReflectorFaults, DayWithoutApiServerChangesNothingAndCostsFewRequests) {
    const std::pair<const char*, std::function<void(Reflector&)>> outages[] = {
        {"refused", [&](Reflector& reflector) { reflector.failed(now_, "connect: Connection refused"); }},
        {"silent",
         [&](Reflector& reflector) {
             now_ = reflector.next_deadline();
             reflector.failed(now_, "no sign of life");
         }},
        {"ends at once",
         [&](Reflector& reflector) {
             reflector.receive_head(now_, 200, "", "application/json");
             reflector.receive_end(now_);
         }},
        {"unavailable",
         [&](Reflector& reflector) {
             reflector.receive_head(now_, 503, "");
             reflector.receive_end(now_);
         }},
        {"unauthorized",
         [&](Reflector& reflector) {
             reflector.receive_head(now_, 401, "");
             reflector.receive_end(now_);
         }},
        {"not found",
         [&](Reflector& reflector) {
             reflector.receive_head(now_, 404, "");
             reflector.receive_end(now_);
         }},
    };
    server_.put("a", "10.96.0.1");
    for (const auto& [name, fail] : outages) {
        SCOPED_TRACE(name);
        Audience audience;
        Reflector reflector{{"services", "/api/v1/services", "Service"}, audience, random_};
        const auto answer_next = [&] {
            auto target = reflector.poll(now_);
            while (!target) {
                now_ = reflector.next_deadline();
                target = reflector.poll(now_);
            }
            const auto answer = server_.answer(*target);
            reflector.receive_head(now_, answer.status, answer.retry_after, answer.content_type);
            reflector.receive_body(now_, answer.body);
            if (!answer.is_watch) reflector.receive_end(now_);
        };
        answer_next();
        ASSERT_EQ(audience.calls, 1);
        reflector.failed(now_, "reset");
        const auto before = reflector.requests();
        for (const auto end = now_ + 24h; now_ < end;) {
            now_ = std::max(now_, reflector.next_deadline());
            if (reflector.poll(now_)) fail(reflector);
        }
        EXPECT_EQ(audience.calls, 1) << "something reached the data plane";
        EXPECT_LT(reflector.requests() - before, 24U * 3600 / 10);
        EXPECT_GT(reflector.requests() - before, 24U * 3600 / 300);
        server_.put("a", "10.96.0.9");
        server_.forget();
        for (int i = 0; i < 5 && audience.objects != server_.objects(); ++i)
            answer_next();
        EXPECT_EQ(audience.objects, server_.objects()) << "back";
    }
}

TEST_P(ReflectorFaults, RefusalSaysWhatTheServerSaid) {
    next_request();
    server_.gone_as_status = true;
    auto answer = server_.answer("/x?resourceVersion=1&watch=true");
    answer.status = 403;
    give(answer);
    EXPECT_THAT(copy_.reports,
                Contains("cannot list and watch services: the API server answered 403 Forbidden: "
                         "the account needs the verbs list and watch on services: "
                         "too old resource version"));
}

TEST_P(ReflectorFaults, ExpiredPageStartsTheListAnewAndCostsNothing) {
    server_.put("a", "10.96.0.1");
    serve();
    server_.streaming_lists = false;
    for (const auto* name : {"b", "c", "d", "e"})
        server_.put(name, "10.96.0.2");
    server_.forget();
    receive(server_.error_event(410, "too old resource version"));
    serve();  // streaming: refused
    serve();  // first page
    EXPECT_THAT(copy_.objects, SizeIs(1));
    server_.put("f", "10.96.0.3");
    server_.forget();
    EXPECT_NE(parameter(serve(), "continue"), std::nullopt);  // 410
    EXPECT_THAT(copy_.objects, SizeIs(1));
    while (copy_.objects.size() == 1)
        EXPECT_EQ(parameter(serve(), "watch"), std::nullopt);
    EXPECT_EQ(copy_.objects, server_.objects());
}

TEST_P(ReflectorFaults, BytesThatAreNoWatchAreAnErrorAndCostNothing) {
    server_.put("a", "10.96.0.1");
    serve();
    receive("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    EXPECT_FALSE(reflector_.busy());
    EXPECT_THAT(reflector_.last_error(), Not(IsEmpty()));
    EXPECT_EQ(copy_.objects, server_.objects());
    EXPECT_NE(parameter(serve(), "sendInitialEvents"), std::nullopt);
}

TEST_P(ReflectorFaults, BytesAfterTheEndOfARequestAreNotRead) {
    server_.put("a", "10.96.0.1");
    serve();
    server_.put("a", "10.96.0.2");
    receive(server_.error_event(500, "etcd is unwell") + server_.news());
    receive(server_.bookmark());
    EXPECT_EQ(copy_.objects.at("a"), "10.96.0.1");
}

}  // namespace
}  // namespace fairlead::kube
