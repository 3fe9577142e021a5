#include "agent/kube_proxy_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/config_file.h"
#include "agent/kube_proxy_fields.h"

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using namespace std::chrono_literals;

std::string with_kube_proxy_header(std::string_view rest) {
    return "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" + std::string(rest);
}

/// What a file of kube-proxy's kind with these fields comes to.
KubeProxyConfig parse(std::string_view fields) {
    auto parsed = parse_kube_proxy_config("config.conf", with_kube_proxy_header(fields));
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? *std::move(parsed) : KubeProxyConfig{};
}

Config kube_proxy_config_of(std::string_view fields) {
    return parse(fields).draft.config;
}

/// What kubeadm 1.37 writes into the ConfigMap kube-proxy, under config.conf.
constexpr std::string_view kOfKubeadm = R"(apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 0
  contentType: ""
  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
  qps: 0
clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
configSyncPeriod: 0s
conntrack:
  maxPerCore: null
  min: null
  tcpBeLiberal: false
  tcpCloseWaitTimeout: null
  tcpEstablishedTimeout: null
  udpStreamTimeout: 0s
  udpTimeout: 0s
detectLocal:
  bridgeInterface: ""
  interfaceNamePrefix: ""
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables:
  localhostNodePorts: null
  masqueradeAll: false
  masqueradeBit: null
  minSyncPeriod: 0s
  syncPeriod: 0s
ipvs:
  excludeCIDRs: null
  minSyncPeriod: 0s
  scheduler: ""
  strictARP: false
  syncPeriod: 0s
  tcpFinTimeout: 0s
  tcpTimeout: 0s
  udpTimeout: 0s
kind: KubeProxyConfiguration
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
metricsBindAddress: ""
mode: nftables
nftables:
  masqueradeAll: false
  masqueradeBit: null
  minSyncPeriod: 0s
  syncPeriod: 0s
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel:
  enableDSR: false
  forwardHealthCheckVip: false
  networkName: ""
  rootHnsEndpointName: ""
  sourceVip: ""
)";

/// The defaults of kube-proxy.
Config kube_proxy_defaults() {
    Config config = default_config();
    config.bind_address_hard_fail = false;
    config.oom_score_adj = -999;
    config.conntrack = {32768, 131072, 24h, 1h, false, {}, {}, conntrack::Sizing::kFixed};
    return config;
}

TEST(ParseKubeProxyConfig, TakesTheFileOfKubeadmWithoutAWord) {
    const auto parsed = parse_kube_proxy_config("config.conf", kOfKubeadm);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_THAT(parsed->notes, IsEmpty());
    auto wanted = kube_proxy_defaults();
    wanted.kubeconfig = "/var/lib/kube-proxy/kubeconfig.conf";
    wanted.cluster_cidrs = {base::Prefix::parse("10.244.0.0/16").value(),
                            base::Prefix::parse("fd00:10:244::/56").value()};
    EXPECT_EQ(parsed->draft.config, wanted);
}

TEST(ParseKubeProxyConfig, ReadsEveryFieldThatMeansSomething) {
    const auto config = kube_proxy_config_of(R"(
featureGates: {AllowServiceExternalIPs: false}
clientConnection: {kubeconfig: /etc/k}
logging: {format: json, verbosity: 4}
hostnameOverride: " Node-1 "
bindAddress: "::"
healthzBindAddress: 10.0.0.1
metricsBindAddress: "[::1]:7002"
bindAddressHardFail: true
mode: nftables
nftables: {masqueradeAll: true, syncPeriod: 10s}
detectLocalMode: BridgeInterface
detectLocal: {bridgeInterface: cni0, interfaceNamePrefix: veth}
clusterCIDR: 10.244.1.2/16
nodePortAddresses: [primary, 10.0.1.5/8]
oomScoreAdj: 0
conntrack:
  maxPerCore: 1
  min: 2
  tcpEstablishedTimeout: 3s
  tcpCloseWaitTimeout: 4m
  tcpBeLiberal: true
  udpTimeout: 5h
  udpStreamTimeout: 6s
)");
    EXPECT_FALSE(config.external_ips);
    EXPECT_EQ(config.kubeconfig, "/etc/k");
    EXPECT_EQ(config.log_format, base::LogFormat::kJson);
    EXPECT_EQ(config.log_level, base::LogLevel::kDebug);
    EXPECT_EQ(config.node_name, "node-1");
    EXPECT_EQ(config.health_address.to_string(), "10.0.0.1:10256");
    EXPECT_EQ(config.admin_address.to_string(), "[::1]:7002");
    EXPECT_TRUE(config.bind_address_hard_fail);
    EXPECT_TRUE(config.masquerade_all);
    EXPECT_EQ(config.sync_period, 10s);
    EXPECT_EQ(config.detect_local, DetectLocal::kBridgeInterface);
    EXPECT_EQ(config.bridge_interface, "cni0");
    EXPECT_EQ(config.interface_name_prefix, "veth");
    EXPECT_EQ(config.cluster_cidrs.at(0).to_string(), "10.244.0.0/16");
    EXPECT_THAT(config.node_port_addresses.to_texts(), ElementsAre("primary", "10.0.0.0/8"));
    EXPECT_EQ(config.oom_score_adj, 0);
    EXPECT_EQ(config.conntrack, (ConntrackSettings{1, 2, 3s, 4min, true, 5h, 6s, conntrack::Sizing::kFixed}));
}

TEST(ParseKubeProxyConfig, TakesJson) {
    const auto parsed = parse_kube_proxy_config(
        "c.json",
        R"({"kind":"KubeProxyConfiguration","apiVersion":"kubeproxy.config.k8s.io/v1alpha1","oomScoreAdj":5})");
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->draft.config.oom_score_adj, 5);
}

TEST(ParseKubeProxyConfig, TakesSectionsByTheMode) {
    const std::string sections =
        "iptables: {masqueradeAll: true, syncPeriod: 1s}\n"
        "ipvs: {syncPeriod: 2s}\n"
        "nftables: {syncPeriod: 3s}\n";
    struct Case {
        std::string mode;
        bool masquerade_all;
        base::Duration sync_period;
        std::vector<std::string> node_ports;
    };
    const std::vector<Case> cases = {{"''", true, 1s, {"localhost", "all"}},
                                     {"iptables", true, 1s, {"localhost", "all"}},
                                     {"ipvs", true, 2s, {"all"}},
                                     {"nftables", false, 3s, {}}};
    for (const auto& [mode, masquerade_all, sync_period, node_ports] : cases) {
        const auto config = kube_proxy_config_of(sections + "mode: " + mode + "\n");
        EXPECT_EQ(config.masquerade_all, masquerade_all) << mode;
        EXPECT_EQ(config.sync_period, sync_period) << mode;
        EXPECT_EQ(config.node_port_addresses.to_texts(), node_ports) << mode;
    }
}

TEST(ParseKubeProxyConfig, LocalhostNodePortsFollowTheModeTheListAndTheSwitchOfModeIptables) {
    struct Case {
        std::string fields;
        bool localhost;
    };
    const std::string off = "iptables: {localhostNodePorts: false}\n";
    const std::string list = "nodePortAddresses: [127.0.0.0/8, 10.0.0.0/8]\n";
    const std::string keyword = "nodePortAddresses: [localhost, primary]\n";
    for (const auto& [fields, localhost] : {Case{"mode: ''\n", true},
                                            {"mode: ''\n" + off, false},
                                            {"mode: iptables\n" + list, true},
                                            {"mode: iptables\n" + list + off, false},
                                            {"mode: ''\n" + keyword + off, false},
                                            {"mode: iptables\nnodePortAddresses: ['::1/128']\n" + off, false},
                                            {"mode: iptables\nnodePortAddresses: [10.0.0.0/8]\n", false},
                                            {"mode: nftables\n", false},
                                            {"mode: nftables\n" + keyword + off, true},
                                            {"mode: ipvs\n", false}})
        EXPECT_EQ(!kube_proxy_config_of(fields).node_port_addresses.localhost_addresses().empty(), localhost)
            << fields;
}

TEST(ParseKubeProxyConfig, TellsZeroFromNotGivenWhereKubeProxyDoes) {
    const auto config = kube_proxy_config_of("conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s}\n");
    EXPECT_EQ(config.conntrack, (ConntrackSettings{0, 0, 0s, 1h, false, 0s, 0s, conntrack::Sizing::kFixed}));
}

TEST(ParseKubeProxyConfig, TakesItsDefaultAddressesFromTheFamilyOfTheBindAddress) {
    const auto config = kube_proxy_config_of("bindAddress: '::'\n");
    EXPECT_EQ(config.health_address.to_string(), "[::]:10256");
    EXPECT_EQ(config.admin_address.to_string(), "[::1]:10249");
}

TEST(ParseKubeProxyConfig, SaysOnceOfEachFieldWhyItIsNotAsWithKubeProxy) {
    struct Case {
        std::string fields;
        std::string wanted;
    };
    const std::vector<Case> cases = {
        {"portRange: 1-2\n", "config.conf:4: portRange: is not used: it means nothing to kube-proxy either"},
        {"windowsRunAsService: true\n",
         "config.conf:4: windowsRunAsService: is not used: this is for Windows"},
        {"winkernel:\n  networkName: x\n", "config.conf:5: winkernel.networkName: is not used: this is for"},
        {"ipvs: {scheduler: lc}\n", "ipvs.scheduler: is not used: fairlead programs nftables"},
        {"ipvs: {excludeCIDRs: [10.0.0.0/8]}\n", "ipvs.excludeCIDRs: is not used"},
        {"iptables: {masqueradeBit: 13}\n",
         "iptables.masqueradeBit: is not used: fairlead sets no packet mark"},
        {"nftables: {minSyncPeriod: 10s}\n",
         "nftables.minSyncPeriod: is not used: fairlead writes each change"},
        {"configSyncPeriod: 5m\n", "configSyncPeriod: is not used"},
        {"clientConnection: {qps: 50}\n", "clientConnection.qps: is not used"},
        {"logging: {vmodule: [{filePattern: x, verbosity: 1}]}\n", "logging.vmodule: is not used"},
        {"enableProfiling: true\n", "enableProfiling: is not used: perf profiles fairlead from outside"},
        {"featureGates: {NFTablesNetlink: true}\n",
         "featureGates.NFTablesNetlink: of the feature gates fairlead knows AllowServiceExternalIPs only"},
        {"bindAddress: 10.0.0.1\n", "bindAddress: fairlead takes the addresses of the node from the Node"},
        {"nodePortAddresses: [localhost]\nfeatureGates: {KubeProxyNFTablesLocalhostNodePorts: false}\n",
         "featureGates.KubeProxyNFTablesLocalhostNodePorts: fairlead serves NodePorts at localhost wherever"},
        {"udpIdleTimeout: 1s\n", "udpIdleTimeout: is not used: kube-proxy has no such field any more"},
    };
    for (const auto& [fields, wanted] : cases)
        EXPECT_THAT(parse("mode: nftables\n" + fields).notes, ElementsAre(HasSubstr(wanted))) << fields;
    EXPECT_THAT(parse("mode: ipvs\n").notes, ElementsAre("config.conf:3: mode: ipvs: fairlead programs "
                                                         "nftables, whatever the mode"));
    EXPECT_THAT(
        parse("").notes,
        ElementsAre(
            StartsWith("config.conf: mode: none is given, for which kube-proxy takes iptables"),
            "config.conf: iptables.localhostNodePorts: at 127.0.0.1 and ::1 fairlead serves NodePorts of TCP "
            "only"));
}

TEST(ParseKubeProxyConfig, SaysNothingOfUnusedFieldsThatAreAsKubeProxyWouldHaveThem) {
    for (const std::string fields :
         {"clientConnection: {contentType: application/vnd.kubernetes.protobuf, qps: 5, burst: 10}",
          "iptables: {masqueradeBit: 14, minSyncPeriod: 1s}",
          "nftables: {masqueradeBit: 14, minSyncPeriod: 1s}", "configSyncPeriod: 15m",
          "configSyncPeriod: 15m0s", "logging: {flushFrequency: 5s, format: text}",
          "logging: {flushFrequency: 5000000000}", "udpIdleTimeout: 250ms", "resourceContainer: /kube-proxy",
          "nodePortAddresses: [localhost]\nfeatureGates: {KubeProxyNFTablesLocalhostNodePorts: true}",
          "logging: {vmodule: []}", "winkernel: null", "featureGates: {}"})
        EXPECT_THAT(parse("mode: nftables\n" + fields + "\n").notes, IsEmpty()) << fields;
}

TEST(ParseKubeProxyConfig, NamesFileLineAndFieldOfWhatItRefuses) {
    struct Case {
        std::string text;
        std::string wanted;
    };
    const std::vector<Case> cases = {
        {"", "c: holds 0 documents, wants one of kind KubeProxyConfiguration"},
        {"[1]", "c:1: wants fields of kind KubeProxyConfiguration"},
        {"a: [", "c:"},
        {"mode: x", "c:1: apiVersion: is missing"},
        {"apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration",
         "c:1: apiVersion: wants 'kubeproxy.config.k8s.io/v1alpha1'"},
        {"apiVersion: kubeproxy.config.k8s.io/v1alpha1", "c:1: kind: is missing"},
        {with_kube_proxy_header("---\nmode: x"), "c: holds 2 documents"},
        {with_kube_proxy_header("Mode: nftables"), "c:3: Mode: no such field"},
        {with_kube_proxy_header("conntrack:\n  max: 5"), "c:4: conntrack.max: no such field"},
        {with_kube_proxy_header("conntrack: 5"), "c:3: conntrack: wants fields"},
        {with_kube_proxy_header("logging: {options: {text: [1]}}"),
         "c:3: logging.options.text: wants fields"},
        {with_kube_proxy_header("conntrack: {min: 1, min: 2}"),
         "c:3: conntrack.min: is there twice, first in line 3"},
        {with_kube_proxy_header("mode: kernelspace"),
         "c:3: mode: 'kernelspace' is none of iptables, ipvs, nftables"},
        {with_kube_proxy_header("mode: [ipvs]"), "c:3: mode: wants text"},
        {with_kube_proxy_header("mode: {a: b}"), "c:3: mode: wants text"},
        {with_kube_proxy_header("hostnameOverride: 1"),
         "c:3: hostnameOverride: wants text: put '1' in quotes"},
        {with_kube_proxy_header("bindAddressHardFail: 'true'"),
         "c:3: bindAddressHardFail: wants true or false, without"},
        {with_kube_proxy_header("oomScoreAdj: '1'"), "c:3: oomScoreAdj: wants a number, without quotes"},
        {with_kube_proxy_header("oomScoreAdj: 1001"),
         "c:3: oomScoreAdj: '1001' is no whole number from -1000 to 1000"},
        {with_kube_proxy_header("oomScoreAdj: 1.5"), "c:3: oomScoreAdj: '1.5"},
        {with_kube_proxy_header("conntrack: {min: -1}"),
         "c:3: conntrack.min: '-1' is no whole number from 0 to 2147483647"},
        {with_kube_proxy_header("conntrack: {udpTimeout: 5}"),
         "c:3: conntrack.udpTimeout: wants text: put '5' in quotes"},
        {with_kube_proxy_header("conntrack: {udpTimeout: 5d}"),
         "c:3: conntrack.udpTimeout: '5d' is not a duration"},
        {with_kube_proxy_header("conntrack: {udpTimeout: -5s}"),
         "conntrack.udpTimeout: '-5s' is a negative duration"},
        {with_kube_proxy_header("ipvs: {tcpTimeout: x}"), "c:3: ipvs.tcpTimeout: 'x' is not a duration"},
        {with_kube_proxy_header("nftables: {masqueradeBit: 32}"),
         "nftables.masqueradeBit: '32' is no whole number from 0"},
        {with_kube_proxy_header("clientConnection: {qps: fast}"),
         "clientConnection.qps: wants a number, without quotes"},
        {with_kube_proxy_header("nodePortAddresses: primary"), "c:3: nodePortAddresses: wants a list"},
        {with_kube_proxy_header("nodePortAddresses: [[primary]]"), "c:3: nodePortAddresses: wants text"},
        {with_kube_proxy_header("nodePortAddresses: [here]"),
         "c:3: nodePortAddresses: 'here' is neither a CIDR nor one of"},
        {with_kube_proxy_header("clusterCIDR: 10.0.0.0/8,"), "c:3: clusterCIDR: '' is not a CIDR"},
        {with_kube_proxy_header("clusterCIDR: 10.0.0.0"), "c:3: clusterCIDR: '10.0.0.0' is not a CIDR"},
        {with_kube_proxy_header("detectLocalMode: Guess"),
         "c:3: detectLocalMode: 'Guess' is none of ClusterCIDR, "},
        {with_kube_proxy_header("bindAddress: here"), "c:3: bindAddress: 'here' is not"},
        {with_kube_proxy_header("healthzBindAddress: here:80"),
         "c:3: healthzBindAddress: 'here:80' is not ADDRESS:PORT"},
        {with_kube_proxy_header("metricsBindAddress: 127.0.0.1:0"),
         "c:3: metricsBindAddress: '127.0.0.1:0' is not"},
        {with_kube_proxy_header("featureGates: {AllowServiceExternalIPs: 1}"),
         "wants true or false, without quotes"},
        {with_kube_proxy_header("featureGates: [a]"), "c:3: featureGates: wants fields"},
        {with_kube_proxy_header("logging: {format: xml}"), "c:3: logging.format: 'xml' is not a log format"},
        {with_kube_proxy_header("logging: {verbosity: -1}"),
         "c:3: logging.verbosity: '-1' is no whole number from 0"},
        {with_kube_proxy_header("logging: {flushFrequency: soon}"),
         "c:3: logging.flushFrequency: 'soon' is not a duration"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto parsed = parse_kube_proxy_config("c", text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr(wanted)) << text;
    }
}

TEST(ParseKubeProxyConfig, SaysWhereAValueComesFromThatCannotWork) {
    auto parsed = parse("mode: nftables\nhostnameOverride: a_b\n");
    const auto config = validated(std::move(parsed.draft));
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message,
                StartsWith("config.conf:4, hostnameOverride: nodeName: 'a_b' is no name of"));
}

TEST(ParseKubeProxyConfig, GivesWhatCanBePrintedAsAFileOfOurOwn) {
    const auto config =
        kube_proxy_config_of("mode: iptables\nconntrack: {udpTimeout: 30s}\noomScoreAdj: -5\n");
    const auto again = parse_config("again.yaml", to_yaml(config));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->config, config);
}

TEST(KubeProxyFields, AreEachThereOnce) {
    std::vector<std::string_view> paths;
    for (const auto& field : kube_proxy_fields())
        paths.push_back(field.path);
    std::ranges::sort(paths);
    EXPECT_EQ(std::ranges::adjacent_find(paths), paths.end());
}

}  // namespace
}  // namespace fairlead::agent
