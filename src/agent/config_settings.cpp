#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "agent/config_values.h"
#include "agent/dns_setting_rows.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;
using Conntrack = ConntrackSettings;
using Percents = conntrack::FillPercents;

constexpr std::pair<std::string_view, DetectLocal> kDetectLocalNames[] = {
    {"ClusterCIDR", DetectLocal::kClusterCidr},
    {"NodeCIDR", DetectLocal::kNodeCidr},
    {"BridgeInterface", DetectLocal::kBridgeInterface},
    {"InterfaceNamePrefix", DetectLocal::kInterfaceNamePrefix}};

Result<void> set_detect_local(Config& config, Texts texts) {
    for (const auto& [name, mode] : kDetectLocalNames) {
        if (texts.front() != name) continue;
        config.detect_local = mode;
        return {};
    }
    return base::fail(ErrorCode::kInvalid, "'" + texts.front() +
                                               "' is none of ClusterCIDR, NodeCIDR, BridgeInterface, "
                                               "InterfaceNamePrefix");
}

std::vector<std::string> get_detect_local(const Config& config) {
    for (const auto& [name, mode] : kDetectLocalNames)
        if (config.detect_local == mode) return {std::string(name)};
    return {};
}

constexpr SettingValue kDetectLocal{ValueKind::kText, set_detect_local, get_detect_local};

constexpr std::pair<std::string_view, conntrack::Sizing> kSizingNames[] = {
    {"automatic", conntrack::Sizing::kAutomatic}, {"fixed", conntrack::Sizing::kFixed}};

Result<void> set_sizing(Config& config, Texts texts) {
    for (const auto& [name, sizing] : kSizingNames) {
        if (texts.front() != name) continue;
        config.conntrack.sizing = sizing;
        return {};
    }
    return base::fail(ErrorCode::kInvalid, "'" + texts.front() + "' is neither automatic nor fixed");
}

std::vector<std::string> get_sizing(const Config& config) {
    for (const auto& [name, sizing] : kSizingNames)
        if (config.conntrack.sizing == sizing) return {std::string(name)};
    return {};
}

constexpr SettingValue kSizing{ValueKind::kText, set_sizing, get_sizing};

// kConntrack: a member of ConntrackSettings.

/// A number of entries; 0 says nothing.
template <auto kConntrack>
std::vector<std::string> get_entries(const Config& config) {
    if (config.conntrack.*kConntrack == 0) return {};
    return {std::to_string(config.conntrack.*kConntrack)};
}

template <auto kConntrack>
constexpr SettingValue kEntries{ValueKind::kNumber, kCount<&Config::conntrack, kConntrack>.set,
                                get_entries<kConntrack>};

/// The kernel counts in seconds.
template <auto kConntrack>
Result<void> set_timeout(Config& config, Texts texts) {
    FAIRLEAD_TRY(const auto timeout, parse_duration(texts.front()));
    if (timeout != base::Duration{} && timeout < std::chrono::seconds(1))
        return base::fail(ErrorCode::kInvalid, "'" + texts.front() + "' is less than a second");
    config.conntrack.*kConntrack = timeout;
    return {};
}

template <auto kConntrack>
std::vector<std::string> get_timeout(const Config& config) {
    if (config.conntrack.*kConntrack == base::Duration{}) return {};
    return {format_duration(config.conntrack.*kConntrack)};
}

template <auto kConntrack>
constexpr SettingValue kTimeout{ValueKind::kText, set_timeout<kConntrack>, get_timeout<kConntrack>};

/// Where not given and 0s are two things.
template <auto kConntrack>
std::vector<std::string> get_optional_timeout(const Config& config) {
    if (!(config.conntrack.*kConntrack)) return {};
    return {format_duration(*(config.conntrack.*kConntrack))};
}

template <auto kConntrack>
constexpr SettingValue kOptionalTimeout{ValueKind::kText, set_timeout<kConntrack>,
                                        get_optional_timeout<kConntrack>};

/// kFill: a member of conntrack::FillPercents.
template <auto kFill>
constexpr SettingValue kPercent = kNumber<1, 100, &Config::conntrack_percents, kFill>;

std::vector<std::string> get_tcp_be_liberal(const Config& config) {
    if (!config.conntrack.tcp_be_liberal) return {};
    return {"true"};
}

constexpr SettingValue kTcpBeLiberal{
    ValueKind::kBoolean, set_switch<&Config::conntrack, &Conntrack::tcp_be_liberal>, get_tcp_be_liberal};

std::vector<std::string> get_guard(const Config& config) {
    if (!config.conntrack.guard) return {};
    return {std::string(name_of(*config.conntrack.guard))};
}

constexpr SettingValue kGuard{ValueKind::kWord,
                              set_named<parse_guard_mode, &Config::conntrack, &Conntrack::guard>, get_guard};

Result<void> set_node_port_addresses(Config& config, Texts texts) {
    FAIRLEAD_TRY(config.node_port_addresses, services::NodePortAddresses::parse(texts));
    return {};
}

std::vector<std::string> get_node_port_addresses(const Config& config) {
    return config.node_port_addresses.to_texts();
}

constexpr SettingValue kNodePortAddresses{ValueKind::kList, set_node_port_addresses, get_node_port_addresses};

Result<void> set_sync_period(Config& config, Texts texts) {
    FAIRLEAD_TRY(const auto period, parse_duration(texts.front()));
    if (period == base::Duration{})
        return base::fail(ErrorCode::kInvalid, "'" + texts.front() + "' is no time at all");
    config.sync_period = period;
    return {};
}

std::vector<std::string> get_sync_period(const Config& config) {
    return {format_duration(config.sync_period)};
}

constexpr SettingValue kSyncPeriod{ValueKind::kText, set_sync_period, get_sync_period};

Result<void> set_oom_score_adj(Config& config, Texts texts) {
    constexpr std::int64_t kLargest = 1000;  // OOM_SCORE_ADJ_MAX of linux/oom.h
    FAIRLEAD_TRY(const auto score, parse_number(texts.front(), -kLargest, kLargest));
    config.oom_score_adj = static_cast<int>(score);
    return {};
}

std::vector<std::string> get_oom_score_adj(const Config& config) {
    if (!config.oom_score_adj) return {};
    return {std::to_string(*config.oom_score_adj)};
}

constexpr SettingValue kOomScoreAdj{ValueKind::kNumber, set_oom_score_adj, get_oom_score_adj};

constexpr std::array kSettings = {
    Setting{"nodeName", "--node", "NAME", "name of this node in the API (default: the host name)",
            kText<&Config::node_name>, TakesEffect::kOnRestart},
    Setting{"manifests", "--manifests", "DIR",
            "take objects from YAML and JSON files in DIR instead of an API server",
            kText<&Config::manifests>, TakesEffect::kOnRestart},
    Setting{"kubeconfig", "--kubeconfig", "FILE",
            "reach the API server as FILE says (default: the in-cluster service account)",
            kText<&Config::kubeconfig>, TakesEffect::kOnRestart},
    Setting{"context", "--context", "NAME", "context of the kubeconfig (default: its current-context)",
            kText<&Config::context>, TakesEffect::kOnRestart},
    Setting{"server", "--server", "URL", "address of the API server, over what kubeconfig or cluster say",
            kText<&Config::server>, TakesEffect::kOnRestart},
    Setting{"clusterCIDRs", "--cluster-cidr", "CIDR",
            "addresses of pods; traffic to Services from elsewhere is masqueraded",
            kParsedList<&Config::cluster_cidrs>},
    Setting{"serviceCIDRs", "--service-cidr", "CIDR",
            "addresses of Services; one that no Service holds is rejected at once",
            kParsedList<&Config::service_cidrs>},
    Setting{"detectLocalMode", "--detect-local-mode", "MODE",
            "how pods are told from others: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
            kDetectLocal},
    Setting{"bridgeInterface", "--pod-bridge-interface", "NAME",
            "bridge that pods are behind, for detectLocalMode BridgeInterface",
            kText<&Config::bridge_interface>},
    Setting{"interfaceNamePrefix", "--pod-interface-name-prefix", "PREFIX",
            "what interfaces of pods are called, for detectLocalMode InterfaceNamePrefix",
            kText<&Config::interface_name_prefix>},
    Setting{"nodePortAddresses", "--nodeport-addresses", "CIDR",
            "where NodePorts are served: CIDRs, primary (the default), all", kNodePortAddresses},
    Setting{"externalIPs", "--external-ips", "true|false", "serve spec.externalIPs of Services",
            kSwitch<&Config::external_ips>},
    Setting{"masqueradeAll", "--masquerade-all", "true|false",
            "hide the address of every client of a ClusterIP", kSwitch<&Config::masquerade_all>},
    Setting{"connectionCounters", "--connection-counters", "true|false",
            "count new connections for each Service and endpoint", kSwitch<&Config::connection_counters>},
    Setting{"connectionCountersMaxServices", "--connection-counters-max-services", "NUMBER",
            "Services that have metrics of their own; all others share one row",
            kCount<&Config::connection_counters_max_services>},
    Setting{"connectionCountersPerEndpoint", "--connection-counters-per-endpoint", "true|false",
            "metrics for each endpoint of these Services, too",
            kSwitch<&Config::connection_counters_per_endpoint>},
    Setting{"healthAddress", "--health-address", "ADDRESS:PORT", "where /livez, /readyz and /healthz answer",
            kParsed<&Config::health_address>},
    Setting{"adminAddress", "--admin-address", "ADDRESS:PORT", "where /metrics and /status answer",
            kParsed<&Config::admin_address>},
    Setting{"bindAddressHardFail", "--bind-address-hard-fail", "true|false",
            "do not start while one of these two is taken; false: try again every 5 s",
            kSwitch<&Config::bind_address_hard_fail>},
    Setting{"syncPeriod", "--sync-period", "DURATION",
            "/healthz and /livez say 503 once work has waited for twice this", kSyncPeriod},
    Setting{"oomScoreAdj", "--oom-score-adj", "NUMBER",
            "this process's own oom_score_adj, -1000 to 1000 (default: as it is)", kOomScoreAdj},
    Setting{"logLevel", "--log-level", "LEVEL", "debug, info, warning or error",
            kNamed<base::parse_log_level, &Config::log_level>},
    Setting{"logFormat", "--log-format", "FORMAT", "text or json",
            kNamed<base::parse_log_format, &Config::log_format>},
    Setting{"conntrack.sizing", "--conntrack-sizing", "automatic|fixed",
            "grow the connection table by memory and need, or only as the next two say", kSizing},
    Setting{"conntrack.maxPerCore", "--conntrack-max-per-core", "NUMBER",
            "tracked connections that the kernel allows at least, per CPU (0: as it is)",
            kEntries<&Conntrack::max_per_core>},
    Setting{"conntrack.min", "--conntrack-min", "NUMBER",
            "the same, whatever the number of CPUs (0: as it is)", kEntries<&Conntrack::min>},
    Setting{"conntrack.tcpEstablishedTimeout", "--conntrack-tcp-timeout-established", "DURATION",
            "how long silent TCP connections are tracked (0s: as it is; 24h if sizes are automatic)",
            kOptionalTimeout<&Conntrack::tcp_established_timeout>},
    Setting{"conntrack.tcpCloseWaitTimeout", "--conntrack-tcp-timeout-close-wait", "DURATION",
            "the same in state CLOSE_WAIT (1h)", kOptionalTimeout<&Conntrack::tcp_close_wait_timeout>},
    Setting{"conntrack.tcpBeLiberal", "--conntrack-tcp-be-liberal", "true|false",
            "track TCP packets outside the window too (false: as it is)", kTcpBeLiberal},
    Setting{"conntrack.guard", "--conntrack-guard", "MODE",
            "whose packets in state INVALID are dropped: endpoints (the default), all, liberal or off",
            kGuard},
    Setting{"conntrack.udpTimeout", "--conntrack-udp-timeout", "DURATION",
            "how long UDP flows are tracked that were not answered (0s: as it is)",
            kTimeout<&Conntrack::udp_timeout>},
    Setting{"conntrack.udpStreamTimeout", "--conntrack-udp-timeout-stream", "DURATION",
            "the same of flows with answers", kTimeout<&Conntrack::udp_stream_timeout>},
    Setting{"conntrack.warnPercent", "--conntrack-warn-percent", "NUMBER",
            "how full the table of tracked connections is when that is a warning",
            kPercent<&Percents::warning>},
    Setting{"conntrack.criticalPercent", "--conntrack-critical-percent", "NUMBER",
            "the same, when that is critical", kPercent<&Percents::critical>},
};

}  // namespace

std::span<const Setting> settings() {
    static const auto kAll = [] {
        std::vector<Setting> all(kSettings.begin(), kSettings.end());
        std::ranges::copy(dns_setting_rows(), std::back_inserter(all));
        return all;
    }();
    return kAll;
}

}  // namespace fairlead::agent
