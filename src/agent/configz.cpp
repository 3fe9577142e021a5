#include "agent/configz.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "agent/config_duration.h"
#include "agent/json_list.h"
#include "agent/kube_proxy_fields.h"
#include "base/json.h"

namespace fairlead::agent {

namespace {

using base::json_quote;

std::string conntrack_json(const ConntrackSettings& conntrack) {
    constexpr base::Duration kAsItIs{};
    const auto duration = [](base::Duration value) { return json_quote(format_duration(value)); };
    return fmt::format(
        R"({{"maxPerCore":{},"min":{},"tcpEstablishedTimeout":{},"tcpCloseWaitTimeout":{},"tcpBeLiberal":{},)"
        R"("udpTimeout":{},"udpStreamTimeout":{}}})",
        conntrack.max_per_core, conntrack.min, duration(conntrack.tcp_established_timeout.value_or(kAsItIs)),
        duration(conntrack.tcp_close_wait_timeout.value_or(kAsItIs)), conntrack.is_liberal(),
        duration(conntrack.udp_timeout), duration(conntrack.udp_stream_timeout));
}

/// The value that our setting `field` has, as text; empty where it has none.
std::string text_of(const Config& config, std::string_view field) {
    for (const auto& setting : settings())
        if (setting.field == field)
            if (const auto values = setting.value.get(config); !values.empty())
                return fmt::format("{}", fmt::join(values, ","));
    return {};
}

std::string kube_proxy_json(const Config& config) {
    constexpr int kDebugVerbosity = 4;
    const auto quoted = [&](std::string_view field) { return json_quote(text_of(config, field)); };
    const auto node_ports = config.node_port_addresses.to_texts();
    return fmt::format(
        R"({{"kind":"{}","apiVersion":"{}","featureGates":{{"AllowServiceExternalIPs":{}}},)"
        R"("clientConnection":{{"kubeconfig":{}}},"logging":{{"format":{},"verbosity":{}}},)"
        R"("hostnameOverride":{},"healthzBindAddress":{},"metricsBindAddress":{},"bindAddressHardFail":{},)"
        R"("mode":"nftables","nftables":{{"masqueradeAll":{},"syncPeriod":{},"minSyncPeriod":"0s"}},)"
        R"("detectLocalMode":{},"detectLocal":{{"bridgeInterface":{},"interfaceNamePrefix":{}}},)"
        R"("clusterCIDR":{},"nodePortAddresses":{},"oomScoreAdj":{},"conntrack":{}}})",
        kKubeProxyKind, kKubeProxyApiVersion, config.external_ips, quoted("kubeconfig"), quoted("logFormat"),
        config.log_level == base::LogLevel::kDebug ? kDebugVerbosity : 0, quoted("nodeName"),
        quoted("healthAddress"), quoted("adminAddress"), config.bind_address_hard_fail, config.masquerade_all,
        quoted("syncPeriod"), quoted("detectLocalMode"), quoted("bridgeInterface"),
        quoted("interfaceNamePrefix"), quoted("clusterCIDRs"),
        json_list(node_ports.empty() ? std::vector<std::string>{"primary"} : node_ports, json_quote),
        config.oom_score_adj ? std::to_string(*config.oom_score_adj) : "null",
        conntrack_json(config.conntrack));
}

}  // namespace

std::string configz_json(const Config& config) {
    return fmt::format("{{\"fairlead.config\":{},\"kubeproxy.config.k8s.io\":{}}}\n", to_json(config),
                       kube_proxy_json(config));
}

}  // namespace fairlead::agent
