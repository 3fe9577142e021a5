#include "agent/api_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "net/http_server.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const char* const kServiceCidrs = "/apis/networking.k8s.io/v1/servicecidrs";

/// An API server that knows paged lists, and no watch that lasts.
class ApiSourceTest : public testing::Test {
  protected:
    void SetUp() override {
        auto server = net::HttpServer::listen(loop_, base::SocketAddress::parse("127.0.0.1:18080").value(),
                                              [this](const auto& question) { return answer(question); });
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
        kube::ApiAccess access;
        access.server = "http://127.0.0.1:18080";
        auto client = ApiClient::make(loop_, access);
        ASSERT_TRUE(client) << client.error().message;
        source_.emplace(
            loop_, *std::move(client), "n1", stores_, metrics_,
            ApiSource::Listener{[this] { synced_ = true; }, [] {}, [this] { pod_addresses_synced_ = true; }});
        if (watches_pod_addresses()) source_->watch_pod_addresses();
        source_->start();
    }
    [[nodiscard]] virtual bool watches_pod_addresses() const { return false; }

    net::HttpAnswer answer(const net::HttpQuestion& question) {
        ++requests_[question.path];
        queries_[question.path] = question.query;
        const auto list = lists_.find(question.path);
        if (list == lists_.end()) return {404, "text/plain", "404 page not found\n"};
        if (question.query.find("watch=true") != std::string::npos) return {400, "text/plain", ""};
        return {200, "application/json",
                R"({"metadata":{"resourceVersion":"7"},"items":[)" + list->second + "]}"};
    }

    /// Runs the loop until `done`, or 8 s.
    void run_until(const std::function<bool()>& done) {
        const auto limit = loop_.after(8s, [this] { loop_.stop(); });
        net::Subscription look;
        std::function<void()> again = [&] {
            if (done()) return loop_.stop();
            look = loop_.after(5ms, again);
        };
        again();
        loop_.run();
    }

    net::EventLoop loop_;
    std::map<std::string, std::string> lists_ = {{"/api/v1/services", ""},
                                                 {"/apis/discovery.k8s.io/v1/endpointslices", ""},
                                                 {"/api/v1/nodes", R"({"metadata":{"name":"n1"}})"},
                                                 {"/api/v1/namespaces", ""}};
    std::map<std::string, int> requests_;
    std::map<std::string, std::string> queries_;  // the last of each path
    std::unique_ptr<net::HttpServer> server_;
    kube::Stores stores_;
    admin::Metrics metrics_;
    bool synced_ = false;
    bool pod_addresses_synced_ = false;
    std::optional<ApiSource> source_;
};

TEST_F(ApiSourceTest, ServerWithoutServiceCidrsIsNoProblemAndIsNotWaitedFor) {
    run_until([&] { return synced_ && requests_[kServiceCidrs] > 0 && requests_["/api/v1/services"] > 3; });
    EXPECT_TRUE(synced_);
    EXPECT_EQ(requests_[kServiceCidrs], 1);
    EXPECT_THAT(source_->problems(), Each(Not(HasSubstr("servicecidrs"))));
}

TEST_F(ApiSourceTest, OwnNodeAndServiceCidrsReachTheStores) {
    lists_[kServiceCidrs] = R"({"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/16"]}})";
    run_until([&] { return stores_.nodes.size() == 1 && stores_.service_cidrs.size() == 1; });
    const auto changes = stores_.take_changes();
    EXPECT_THAT(changes.nodes, SizeIs(1));
    ASSERT_THAT(changes.service_cidrs, SizeIs(1));
    EXPECT_EQ(changes.service_cidrs[0].after->cidrs.at(0).to_string(), "10.96.0.0/16");
}

TEST_F(ApiSourceTest, PodsAreAskedForOnlyWhenTheyAreWantedAndOnlyThoseOfTheNode) {
    lists_["/api/v1/pods"] = R"({"metadata":{"namespace":"shop","name":"cart-0"},"spec":{"nodeName":"n1"}})";
    run_until([&] { return synced_; });
    EXPECT_EQ(requests_["/api/v1/pods"], 0);
    source_->watch_pods_of_node();
    source_->watch_pods_of_node();
    run_until([&] { return stores_.pods.size() == 1; });
    EXPECT_THAT(queries_["/api/v1/pods"], HasSubstr("fieldSelector=spec.nodeName%3Dn1"));
    EXPECT_EQ(stores_.take_changes().pods.at(0).after->node_name, "n1");
    EXPECT_EQ(stores_.pod_addresses.size(), 0U);
}

class ApiSourcePodAddressesTest : public ApiSourceTest {
  protected:
    [[nodiscard]] bool watches_pod_addresses() const override { return true; }
};

TEST_F(ApiSourcePodAddressesTest, ThoseOfAllNodesReachTheStoreWhenTheyAreWanted) {
    lists_["/api/v1/pods"] = R"({"metadata":{"namespace":"shop","name":"cart-0"},"spec":{"nodeName":"n2"},)"
                             R"("status":{"podIPs":[{"ip":"10.64.0.7"},{"ip":"fd00::7"}]}},)"
                             R"({"metadata":{"namespace":"shop","name":"waits"}})";
    run_until([&] { return pod_addresses_synced_; });
    EXPECT_THAT(queries_["/api/v1/pods"],
                HasSubstr("fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"));
    ASSERT_EQ(stores_.pod_addresses.size(), 1U);
    EXPECT_THAT(stores_.pod_addresses.find({"shop", "cart-0"})->addresses, SizeIs(2));
    EXPECT_EQ(stores_.pods.size(), 0U);
}

TEST_F(ApiSourcePodAddressesTest, NothingWaitsForThemAndWhyTheyAreMissingIsSaid) {
    run_until([&] { return synced_ && !source_->problems().empty(); });
    EXPECT_TRUE(synced_);
    EXPECT_FALSE(pod_addresses_synced_);
    EXPECT_THAT(source_->problems(), Contains(HasSubstr("cannot list and watch pods of all nodes")));
}

}  // namespace
}  // namespace fairlead::agent
