#include "agent/service_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<base::IpAddress> addresses(const std::vector<std::string>& texts) {
    std::vector<base::IpAddress> parsed;
    for (const auto& text : texts)
        parsed.push_back(base::IpAddress::parse(text).value());
    return parsed;
}

base::Prefix prefix(std::string_view text) {
    return base::Prefix::parse(text).value();
}

class ServiceOptionsTest : public testing::Test {
  protected:
    ServiceOptionsTest() {
        config_.node_name = "n1";
        config_.cluster_cidrs = {prefix("10.64.0.0/10")};
        config_.service_cidrs = {prefix("10.96.0.0/12")};
    }
    void put_node() {
        kube::Node node;
        node.key.name = "n1";
        node.zone = "z1";
        node.addresses = addresses({"192.0.2.1"});
        node.pod_cidrs = {prefix("10.64.1.0/24")};
        stores_.nodes.put(node);
    }
    services::Options options(const std::vector<std::string>& local = {}) {
        return service_options(config_, stores_, addresses(local));
    }

    Config config_ = default_config();
    kube::Stores stores_;
};

TEST_F(ServiceOptionsTest, DoWithoutANode) {
    const auto made = options({"127.0.0.1", "198.51.100.7"});
    EXPECT_EQ(made.compile.node, (services::NodePlace{"n1", ""}));
    EXPECT_EQ(made.compile.node_port_addresses, addresses({"198.51.100.7"}));
    EXPECT_THAT(made.pods.cidrs, ElementsAre(prefix("10.64.0.0/10")));
    EXPECT_THAT(made.service_cidrs, ElementsAre(prefix("10.96.0.0/12")));
}

TEST_F(ServiceOptionsTest, TakeZoneAddressesAndRangeFromTheNode) {
    put_node();
    config_.detect_local = DetectLocal::kNodeCidr;
    const auto made = options({"198.51.100.7"});
    EXPECT_EQ(made.compile.node, (services::NodePlace{"n1", "z1"}));
    EXPECT_EQ(made.compile.node_port_addresses, addresses({"192.0.2.1"}));
    EXPECT_EQ(made.compile.node_addresses, addresses({"192.0.2.1", "198.51.100.7"}));
    EXPECT_THAT(made.pods.cidrs, ElementsAre(prefix("10.64.1.0/24")));
}

TEST_F(ServiceOptionsTest, DoNotChangeWithTheCableOfEachPod) {
    put_node();
    const std::vector<std::string> one_pod = {"127.0.0.1", "192.0.2.1", "10.64.1.1", "fe80::1"};
    const std::vector<std::string> two_pods = {"127.0.0.1", "192.0.2.1", "10.64.1.1",
                                               "fe80::1",   "10.64.1.1", "fe80::2"};
    EXPECT_EQ(options(one_pod), options(two_pods));
}

TEST_F(ServiceOptionsTest, TellPodsByTheirInterfaces) {
    config_.detect_local = DetectLocal::kBridgeInterface;
    config_.bridge_interface = "cni0";
    EXPECT_THAT(options().pods.interfaces, ElementsAre("cni0"));
    config_.detect_local = DetectLocal::kInterfaceNamePrefix;
    config_.interface_name_prefix = "veth";
    EXPECT_THAT(options().pods.interfaces, IsEmpty());
    EXPECT_THAT(options().pods.interface_prefixes, ElementsAre("veth"));
    EXPECT_THAT(options().pods.cidrs, IsEmpty());
}

TEST_F(ServiceOptionsTest, AddTheClustersServiceRanges) {
    kube::ServiceCidr range;
    range.key.name = "more";
    range.cidrs = {prefix("10.200.0.0/16"), prefix("fd00:200::/112")};
    stores_.service_cidrs.put(range);
    EXPECT_THAT(options().service_cidrs,
                ElementsAre(prefix("10.96.0.0/12"), prefix("10.200.0.0/16"), prefix("fd00:200::/112")));
}

}  // namespace
}  // namespace fairlead::agent
