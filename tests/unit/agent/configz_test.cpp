#include "agent/configz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config_file.h"
#include "agent/kube_proxy_config.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

/// The value under `key` of the page; each is on one line.
std::string part(const std::string& page, std::string_view key, std::string_view next) {
    const auto begin = page.find(key) + key.size() + 1;
    return page.substr(begin, page.find(next, begin) - begin);
}

Config some_config() {
    auto draft = parse_config("f", R"({apiVersion: fairlead.config/v1alpha1, kind: AgentConfiguration,
nodeName: n1, kubeconfig: '/etc/"k"', clusterCIDRs: [10.64.0.0/11, 'fd00:64::/48'], serviceCIDRs: [10.96.0.0/12],
detectLocalMode: BridgeInterface, bridgeInterface: cni0, interfaceNamePrefix: veth, nodePortAddresses: [primary, 10.0.0.0/8],
externalIPs: false, masqueradeAll: true, healthAddress: '[::]:1', adminAddress: 127.0.0.1:2, bindAddressHardFail: true,
syncPeriod: 10s, oomScoreAdj: -5, logLevel: debug, logFormat: json, conntrack: {sizing: fixed, maxPerCore: 7, min: 8,
tcpEstablishedTimeout: 9s, tcpCloseWaitTimeout: 10s, tcpBeLiberal: true, udpTimeout: 11s, udpStreamTimeout: 12s}})");
    EXPECT_TRUE(draft) << draft.error().message;
    return draft ? std::move(draft->config) : Config{};
}

TEST(Configz, HasWhatKubeProxyWouldDoTheSameWith) {
    auto config = some_config();
    const auto page = configz_json(config);
    const auto part_of_kube_proxy = part(page, "\"kubeproxy.config.k8s.io\"", "}\n");
    const auto again = parse_kube_proxy_config("page", part_of_kube_proxy);
    ASSERT_TRUE(again) << again.error().message << page;
    EXPECT_THAT(again->notes, testing::IsEmpty());
    config.service_cidrs.clear();  // kube-proxy has no such field
    EXPECT_EQ(again->draft.config, config);
}

TEST(Configz, HasOurOwnConfiguration) {
    for (const auto& config : {some_config(), default_config()}) {
        const auto again =
            parse_config("page", part(configz_json(config), "\"fairlead.config\"", ",\"kubeproxy.config"));
        ASSERT_TRUE(again) << again.error().message << configz_json(config);
        EXPECT_EQ(again->config, config);
    }
}

TEST(Configz, NamesTheAddressesOfNodePortsWhereNoneAreGiven) {
    EXPECT_THAT(configz_json(default_config()), testing::HasSubstr(R"("nodePortAddresses":["primary"])"));
}

}  // namespace
}  // namespace fairlead::agent
