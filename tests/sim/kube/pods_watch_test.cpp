#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/reflector.h"
#include "kube/store.h"
#include "kube/store_sink.h"
#include "sim/kube/watch_events.h"

namespace fairlead::kube {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr base::Duration kNoticesSilence = 3min;  // docs/dns-search.md
constexpr base::Duration kAsksAgain = 2s;         // after a watch that worked

std::string pod(const std::string& name, int version) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":")" + name +
           R"(","resourceVersion":")" + std::to_string(version) +
           R"("},"spec":{"nodeName":"n1"},"status":{"podIPs":[{"ip":"10.64.1.2"}]}})";
}

/// The watch of this node's Pods, with an address that passes from one Pod to the next while it is cut off.
class PodsWatch : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_THAT(next_request(), HasSubstr("fieldSelector=spec.nodeName%3Dn1"));
        answer(watch_event("ADDED", pod("old", 5)) + watch_bookmark("Pod", 7, true));
        now_ += 1min;
        reflector_.receive_body(now_, watch_bookmark("Pod", 8, false));
    }

    std::string next_request() {
        for (int i = 0; i < 10; ++i) {
            if (auto target = reflector_.poll(now_)) return *target;
            now_ = reflector_.next_deadline();
        }
        return "none";
    }
    void answer(const std::string& body) {
        reflector_.receive_head(now_, 200, "");
        reflector_.receive_body(now_, body);
    }
    [[nodiscard]] bool has(const std::string& name) const { return store_.find({"shop", name}) != nullptr; }
    /// It asks on from the last bookmark, and is told who has the address now.
    void expect_to_learn_of_the_new_pod() {
        const auto dropped = now_;
        EXPECT_THAT(next_request(), HasSubstr("resourceVersion=8"));
        EXPECT_LE(now_ - dropped, kAsksAgain);
        EXPECT_EQ(reflector_.blind_since(), dropped);
        EXPECT_TRUE(has("old")) << "an outage alone changes nothing";
        answer(watch_event("DELETED", pod("old", 9)) + watch_event("ADDED", pod("new", 10)));
        EXPECT_FALSE(has("old"));
        EXPECT_TRUE(has("new"));
        EXPECT_EQ(reflector_.blind_since(), std::nullopt);
    }

    base::TimePoint now_{};
    base::Random random_{1};
    Store<Pod> store_;
    StoreSink<Pod> sink_{store_, [](const std::string&) {}};
    Reflector reflector_{{"pods", "/api/v1/pods", "Pod", "", "spec.nodeName=n1"}, sink_, random_};
};

TEST_F(PodsWatch, LearnsWhoHasAnAddressSoonAfterItsConnectionIsCut) {
    now_ += 20s;
    reflector_.failed(now_, "connection reset");
    expect_to_learn_of_the_new_pod();
}

TEST_F(PodsWatch, GivesUpASilentServerAndLearnsWhoHasAnAddress) {
    EXPECT_FALSE(reflector_.expired(now_ + kNoticesSilence - 1ms));
    EXPECT_LE(reflector_.next_deadline(), now_ + kNoticesSilence);
    now_ += kNoticesSilence;
    ASSERT_TRUE(reflector_.expired(now_));
    reflector_.failed(now_, "no sign of life from the API server");
    expect_to_learn_of_the_new_pod();
}

}  // namespace
}  // namespace fairlead::kube
