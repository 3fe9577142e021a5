#include "agent/manifest_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

class ManifestSourceTest : public testing::Test {
  protected:
    void SetUp() override { fs::create_directories(root_); }
    void TearDown() override {
        source_.reset();
        fs::remove_all(root_);
    }

    void write(const std::string& name, const std::string& text) {
        std::ofstream(root_ / ("." + name)) << text;
        fs::rename(root_ / ("." + name), root_ / name);
    }
    void start() {
        auto source = ManifestSource::start(loop_, root_, {}, stores_, [this] {
            if (source_) loop_.stop();
        });
        ASSERT_TRUE(source) << source.error().message;
        source_ = *std::move(source);
    }
    /// What came of the next change of the files.
    kube::ChangeSet next_changes() {
        const auto limit = loop_.after(8s, [this] { loop_.stop(); });
        loop_.run();
        return stores_.take_changes();
    }

    net::EventLoop loop_;
    fs::path root_ = "/tmp/fairlead-manifests-test-" + std::to_string(getpid());
    kube::Stores stores_;
    std::unique_ptr<ManifestSource> source_;
};

std::string node(const std::string& zone) {
    return "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {topology.kubernetes.io/zone: " + zone +
           "}}\n";
}

TEST_F(ManifestSourceTest, NodesAndServiceCidrsReachTheStoresAndSoDoTheirChanges) {
    write("node.yaml", node("a"));
    write("cidr.yaml",
          "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: extra}\n"
          "spec: {cidrs: [10.112.0.0/16]}\n");
    start();
    const auto first = stores_.take_changes();
    ASSERT_THAT(first.nodes, SizeIs(1));
    EXPECT_EQ(first.nodes[0].after->zone, "a");
    ASSERT_THAT(first.service_cidrs, SizeIs(1));
    EXPECT_EQ(first.service_cidrs[0].after->cidrs.at(0).to_string(), "10.112.0.0/16");

    write("node.yaml", node("b"));
    const auto moved = next_changes();
    ASSERT_THAT(moved.nodes, SizeIs(1));
    EXPECT_EQ(moved.nodes[0].before->zone, "a");
    EXPECT_EQ(moved.nodes[0].after->zone, "b");
    EXPECT_THAT(moved.service_cidrs, IsEmpty());

    fs::remove(root_ / "cidr.yaml");
    const auto removed = next_changes();
    ASSERT_THAT(removed.service_cidrs, SizeIs(1));
    EXPECT_EQ(removed.service_cidrs[0].after, nullptr);
}

std::string pod(const std::string& name, const std::string& node_name) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
           ", namespace: shop}\nspec: {nodeName: " + node_name + "}\nstatus: {podIP: 10.64.0.7}\n";
}

TEST_F(ManifestSourceTest, PodsOfTheNodeReachTheStoresOnlyWhenTheyAreWanted) {
    write("pods.yaml", pod("ours", "n1") + "---\n" + pod("theirs", "n2"));
    start();
    EXPECT_THAT(stores_.take_changes().pods, IsEmpty());
    source_->keep_pods_of("n1");
    const auto wanted = next_changes();
    ASSERT_THAT(wanted.pods, SizeIs(1));
    EXPECT_EQ(wanted.pods[0].key().to_string(), "shop/ours");

    write("pods.yaml", pod("ours", "n2") + "---\n" + pod("theirs", "n1"));
    EXPECT_THAT(next_changes().pods, SizeIs(2));
    EXPECT_EQ(stores_.pods.find({"shop", "ours"}), nullptr);
    EXPECT_NE(stores_.pods.find({"shop", "theirs"}), nullptr);
    EXPECT_THAT(source_->pod_addresses({"shop", "ours"}), SizeIs(1));
    EXPECT_EQ(stores_.pod_addresses.size(), 0U);
}

TEST_F(ManifestSourceTest, AddressesOfPodsOfAllNodesReachTheStoresOnlyWhenTheyAreWanted) {
    write("pods.yaml", pod("ours", "n1") + "---\n" + pod("theirs", "n2"));
    start();
    EXPECT_THAT(stores_.take_changes().pod_addresses, IsEmpty());
    source_->keep_pod_addresses();
    EXPECT_THAT(next_changes().pod_addresses, SizeIs(2));

    write("pods.yaml", pod("ours", "n1"));
    const auto gone = next_changes();
    ASSERT_THAT(gone.pod_addresses, SizeIs(1));
    EXPECT_EQ(gone.pod_addresses[0].key().to_string(), "shop/theirs");
    EXPECT_EQ(gone.pod_addresses[0].after, nullptr);
}

}  // namespace
}  // namespace fairlead::agent
