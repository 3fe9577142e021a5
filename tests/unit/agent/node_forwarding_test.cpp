#include "agent/node_forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class NodeForwardingTest : public testing::Test {
  protected:
    NodeForwarding make() {
        DnsSettings settings;
        settings.corefile = "Corefile";
        DnsPlanFiles files{
            std::move(settings),
            [this](const std::string& path) -> base::Result<std::string> {
                return path == "Corefile" ? corefile_ : resolv_conf_;
            },
            [this](const std::string&) { return net::FileStamp{.exists = true, .modified_ns = changes_}; }};
        auto plan = files.read();
        return {std::move(files), *std::move(plan)};
    }
    NodeForwarding::Change look_after_change(NodeForwarding& forwarding) {
        ++changes_;
        forwarding.look();
        return forwarding.look();
    }

    std::string resolv_conf_ = "nameserver 192.0.2.1\nsearch corp.example\n";
    std::string corefile_ = "cluster.local:53 {\n  kubernetes cluster.local\n}\n";
    std::int64_t changes_ = 0;
};

TEST_F(NodeForwardingTest, SaysWhatAChangedFileChanges) {
    auto forwarding = make();
    resolv_conf_ = "nameserver 192.0.2.2\nsearch corp.example\n";
    auto change = look_after_change(forwarding);
    EXPECT_TRUE(change.forwarding);
    EXPECT_FALSE(change.searches);
    ASSERT_THAT(forwarding.upstreams(), SizeIs(1));
    EXPECT_EQ(forwarding.upstreams().front().to_string(), "192.0.2.2:53");

    resolv_conf_ = "nameserver 192.0.2.2\nsearch new.example\n";
    change = look_after_change(forwarding);
    EXPECT_TRUE(change.searches);
    EXPECT_THAT(forwarding.node_resolver().searches, ElementsAre("new.example"));
    ASSERT_THAT(forwarding.earlier_resolvers(), SizeIs(1));
    EXPECT_THAT(forwarding.earlier_resolvers().front().searches, ElementsAre("corp.example"));

    resolv_conf_ += "# a remark\n";
    change = look_after_change(forwarding);
    EXPECT_FALSE(change.forwarding || change.searches);
    EXPECT_THAT(forwarding.problems(), IsEmpty());
}

TEST_F(NodeForwardingTest, ABadFileIsAProblemUntilItIsMendedAndChangesNothing) {
    auto forwarding = make();
    const auto before = corefile_;
    corefile_ = ".:53 {\n";
    const auto change = look_after_change(forwarding);
    EXPECT_FALSE(change.forwarding || change.searches);
    EXPECT_THAT(forwarding.problems(), ElementsAre(HasSubstr("dns configuration: Corefile:")));
    EXPECT_EQ(forwarding.upstreams().front().to_string(), "192.0.2.1:53");
    corefile_ = before;
    look_after_change(forwarding);
    EXPECT_THAT(forwarding.problems(), IsEmpty());
}

TEST_F(NodeForwardingTest, AnotherClusterZoneCountsAtTheNextStart) {
    auto forwarding = make();
    const auto before = corefile_;
    corefile_ = "cluster.local:53 {\n  kubernetes other.local\n}\n.:53 {\n  forward . 192.0.2.9\n}\n";
    EXPECT_TRUE(look_after_change(forwarding).forwarding) << "the rest counts at once";
    EXPECT_THAT(forwarding.problems(), ElementsAre(HasSubstr("when the agent is started again")));
    corefile_ = before;
    look_after_change(forwarding);
    EXPECT_THAT(forwarding.problems(), IsEmpty());
}

TEST_F(NodeForwardingTest, RemembersTheLastSearchListsOnly) {
    auto forwarding = make();
    for (int i = 0; i < 20; ++i) {
        resolv_conf_ = "nameserver 192.0.2.1\nsearch n" + std::to_string(i) + ".example\n";
        look_after_change(forwarding);
    }
    ASSERT_THAT(forwarding.earlier_resolvers(), SizeIs(8));
    EXPECT_THAT(forwarding.earlier_resolvers().back().searches, ElementsAre("n18.example"));
}

}  // namespace
}  // namespace fairlead::agent
