#include "cli/trace_view.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

constexpr std::string_view kTraceViewPage = R"({"apiVersion":"fairlead.status/v1alpha1","kind":"Trace",
  "packet":{"source":"fd00::1","destination":"fd00:96::1","port":80,"protocol":"TCP","interface":"eth0"},
  "fate":"endpoint","verdict":"reaches one of 2","drift":true,"endpointCount":2,
  "endpoints":[{"endpoint":"[fd00::2]:8080","masqueraded":false,"why":"is ready"},
               {"endpoint":"[fd00::1]:8080","masqueraded":true,"why":"is ready"}],
  "steps":[{"topic":"Frontend","says":"ClusterIP of shop/cart","drift":"the agent wants balance-3",
            "elements":[{"set":"frontends","element":"fd00:96::1 . tcp . 80 : 0x00000002","found":true},
                        {"set":"masquerade_all","element":"fd00:96::1 . tcp . 80","found":false}]}]})";

TEST(TraceView, SaysStepsElementsAndTheVerdictLast) {
    const auto view = trace_view(kTraceViewPage);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_TRUE(view->gets_there);
    EXPECT_EQ(view->text,
              "Packet:         fd00::1 -> [fd00:96::1]:80/TCP by eth0\n"
              "Frontend:       ClusterIP of shop/cart\n"
              "  + @frontends         fd00:96::1 . tcp . 80 : 0x00000002\n"
              "  - @masquerade_all    fd00:96::1 . tcp . 80\n"
              "  ! the kernel differs: the agent wants balance-3\n"
              "Verdict:        reaches one of 2 (the kernel differs from what the agent wants)\n"
              "    -> [fd00::2]:8080 is ready\n"
              "    -> [fd00::1]:8080 is ready, sees an address of this node\n");
}

TEST(TraceView, TellsWhatGetsThereFromWhatDoesNot) {
    const auto gets_there = [](const std::string& fate) {
        return trace_view(R"({"kind":"Trace","fate":")" + fate + "\"}")->gets_there;
    };
    EXPECT_TRUE(gets_there("endpoint"));
    EXPECT_TRUE(gets_there("untouched"));
    EXPECT_FALSE(gets_there("rejected"));
    EXPECT_FALSE(gets_there("dropped"));
}

TEST(TraceView, RefusesOtherPages) {
    for (const auto* page : {"", "{}", "[]", R"({"kind":"Service"})"})
        EXPECT_FALSE(trace_view(page)) << page;
}

TEST(TraceTarget, AsksForWhatIsGiven) {
    EXPECT_EQ(trace_target({"pod/web", "cart:http", "shop", "", ""}).value(),
              "/trace?source=pod/web&destination=cart&port=http&namespace=shop");
    EXPECT_EQ(
        trace_target({"10.0.0.1", "[fd00::1]:80", "default", "udp", "eth0"}).value(),
        "/trace?source=10.0.0.1&destination=fd00::1&port=80&namespace=default&protocol=udp&interface=eth0");
}

TEST(TraceTarget, RefusesWhatIsNoDestinationOrCannotBeAsked) {
    for (const auto* destination : {"", "cart", ":80", "cart:", "ca rt:80", "cart&x=1:80"})
        EXPECT_FALSE(trace_target({"node", destination, "default", "", ""})) << destination;
    EXPECT_FALSE(trace_target({"no&de", "cart:80", "default", "", ""}));
}

}  // namespace
}  // namespace fairlead::cli
