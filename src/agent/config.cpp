#include "agent/config.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "agent/config_setters.h"
#include "agent/dns_setting_rows.h"
#include "base/dns_name.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;
using Values = std::span<const std::string>;

template <auto kMember>
Result<void> set_text(Config& config, Values values) {
    config.*kMember = values.front();
    return {};
}

template <auto kMember>
std::vector<std::string> get_text(const Config& config) {
    if ((config.*kMember).empty()) return {};
    return {config.*kMember};
}

template <auto kMember>
Result<void> set_prefixes(Config& config, Values values) {
    std::vector<base::Prefix> prefixes;
    for (const auto& text : values) {
        FAIRLEAD_TRY(const auto prefix, base::Prefix::parse(text));
        prefixes.push_back(prefix);
    }
    config.*kMember = std::move(prefixes);
    return {};
}

template <auto kMember>
std::vector<std::string> get_prefixes(const Config& config) {
    std::vector<std::string> texts;
    for (const auto& prefix : config.*kMember)
        texts.push_back(prefix.to_string());
    return texts;
}

template <auto kMember>
Result<void> set_address(Config& config, Values values) {
    FAIRLEAD_TRY(config.*kMember, base::SocketAddress::parse(values.front()));
    return {};
}

template <auto kMember>
std::vector<std::string> get_address(const Config& config) {
    return {(config.*kMember).to_string()};
}

Result<void> set_log_level(Config& config, Values values) {
    FAIRLEAD_TRY(config.log_level, base::parse_log_level(values.front()));
    return {};
}

std::vector<std::string> get_log_level(const Config& config) {
    return {std::string(base::name_of(config.log_level))};
}

Result<void> set_log_format(Config& config, Values values) {
    FAIRLEAD_TRY(config.log_format, base::parse_log_format(values.front()));
    return {};
}

std::vector<std::string> get_log_format(const Config& config) {
    return {std::string(base::name_of(config.log_format))};
}

template <auto kMember>
Result<void> set_switch(Config& config, Values values) {
    const auto& text = values.front();
    if (text != "true" && text != "false")
        return base::fail(ErrorCode::kInvalid, "'" + text + "' is neither true nor false");
    config.*kMember = text == "true";
    return {};
}

template <auto kMember>
std::vector<std::string> get_switch(const Config& config) {
    return {config.*kMember ? "true" : "false"};
}

constexpr std::pair<std::string_view, DetectLocal> kDetectLocalNames[] = {
    {"ClusterCIDR", DetectLocal::kClusterCidr},
    {"NodeCIDR", DetectLocal::kNodeCidr},
    {"BridgeInterface", DetectLocal::kBridgeInterface},
    {"InterfaceNamePrefix", DetectLocal::kInterfaceNamePrefix}};

Result<void> set_detect_local(Config& config, Values values) {
    for (const auto& [name, mode] : kDetectLocalNames) {
        if (values.front() != name) continue;
        config.detect_local = mode;
        return {};
    }
    return base::fail(ErrorCode::kInvalid, "'" + values.front() +
                                               "' is none of ClusterCIDR, NodeCIDR, BridgeInterface, "
                                               "InterfaceNamePrefix");
}

std::vector<std::string> get_detect_local(const Config& config) {
    for (const auto& [name, mode] : kDetectLocalNames)
        if (config.detect_local == mode) return {std::string(name)};
    return {};
}

constexpr std::pair<std::string_view, conntrack::Sizing> kSizingNames[] = {
    {"automatic", conntrack::Sizing::kAutomatic}, {"fixed", conntrack::Sizing::kFixed}};

Result<void> set_sizing(Config& config, Values values) {
    for (const auto& [name, sizing] : kSizingNames) {
        if (values.front() != name) continue;
        config.conntrack.sizing = sizing;
        return {};
    }
    return base::fail(ErrorCode::kInvalid, "'" + values.front() + "' is neither automatic nor fixed");
}

std::vector<std::string> get_sizing(const Config& config) {
    for (const auto& [name, sizing] : kSizingNames)
        if (config.conntrack.sizing == sizing) return {std::string(name)};
    return {};
}

Result<void> set_tcp_be_liberal(Config& config, Values values) {
    Config scratch;
    FAIRLEAD_CHECK(set_switch<&Config::masquerade_all>(scratch, values));
    config.conntrack.tcp_be_liberal = scratch.masquerade_all;
    return {};
}

std::vector<std::string> get_tcp_be_liberal(const Config& config) {
    if (!config.conntrack.tcp_be_liberal) return {};
    return {"true"};
}

Result<void> set_guard(Config& config, Values values) {
    FAIRLEAD_TRY(config.conntrack.guard, parse_guard_mode(values.front()));
    return {};
}

std::vector<std::string> get_guard(const Config& config) {
    if (!config.conntrack.guard) return {};
    return {std::string(name_of(*config.conntrack.guard))};
}

Result<void> set_node_port_addresses(Config& config, Values values) {
    FAIRLEAD_TRY(config.node_port_addresses, services::NodePortAddresses::parse(values));
    return {};
}

std::vector<std::string> get_node_port_addresses(const Config& config) {
    return config.node_port_addresses.to_texts();
}

using Conntrack = ConntrackSettings;
using Percents = conntrack::FillPercents;

constexpr std::array kSettings = {
    Setting{"nodeName", "--node", "NAME", "name of this node in the API (default: the host name)", false,
            false, set_text<&Config::node_name>, get_text<&Config::node_name>},
    Setting{"manifests", "--manifests", "DIR",
            "take objects from YAML and JSON files in DIR instead of an API server", false, false,
            set_text<&Config::manifests>, get_text<&Config::manifests>},
    Setting{"kubeconfig", "--kubeconfig", "FILE",
            "reach the API server as FILE says (default: the in-cluster service account)", false, false,
            set_text<&Config::kubeconfig>, get_text<&Config::kubeconfig>},
    Setting{"context", "--context", "NAME", "context of the kubeconfig (default: its current-context)", false,
            false, set_text<&Config::context>, get_text<&Config::context>},
    Setting{"server", "--server", "URL", "address of the API server, over what kubeconfig or cluster say",
            false, false, set_text<&Config::server>, get_text<&Config::server>},
    Setting{"clusterCIDRs", "--cluster-cidr", "CIDR",
            "addresses of pods; traffic to Services from elsewhere is masqueraded", true, true,
            set_prefixes<&Config::cluster_cidrs>, get_prefixes<&Config::cluster_cidrs>},
    Setting{"serviceCIDRs", "--service-cidr", "CIDR",
            "addresses of Services; one that no Service holds is rejected at once", true, true,
            set_prefixes<&Config::service_cidrs>, get_prefixes<&Config::service_cidrs>},
    Setting{"detectLocalMode", "--detect-local-mode", "MODE",
            "how pods are told from others: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
            false, true, set_detect_local, get_detect_local},
    Setting{"bridgeInterface", "--pod-bridge-interface", "NAME",
            "bridge that pods are behind, for detectLocalMode BridgeInterface", false, true,
            set_text<&Config::bridge_interface>, get_text<&Config::bridge_interface>},
    Setting{"interfaceNamePrefix", "--pod-interface-name-prefix", "PREFIX",
            "what interfaces of pods are called, for detectLocalMode InterfaceNamePrefix", false, true,
            set_text<&Config::interface_name_prefix>, get_text<&Config::interface_name_prefix>},
    Setting{"nodePortAddresses", "--nodeport-addresses", "CIDR",
            "where NodePorts are served: CIDRs, primary (the default), all", true, true,
            set_node_port_addresses, get_node_port_addresses},
    Setting{"externalIPs", "--external-ips", "true|false", "serve spec.externalIPs of Services", false, true,
            set_switch<&Config::external_ips>, get_switch<&Config::external_ips>, true},
    Setting{"masqueradeAll", "--masquerade-all", "true|false",
            "hide the address of every client of a ClusterIP", false, true,
            set_switch<&Config::masquerade_all>, get_switch<&Config::masquerade_all>, true},
    Setting{"connectionCounters", "--connection-counters", "true|false",
            "count new connections for each Service and endpoint", false, true,
            set_switch<&Config::connection_counters>, get_switch<&Config::connection_counters>, true},
    Setting{"connectionCountersMaxServices", "--connection-counters-max-services", "NUMBER",
            "Services that have metrics of their own; all others share one row", false, true,
            set_count<&Config::connection_counters_max_services>,
            get_count<&Config::connection_counters_max_services>, false, true},
    Setting{"connectionCountersPerEndpoint", "--connection-counters-per-endpoint", "true|false",
            "metrics for each endpoint of these Services, too", false, true,
            set_switch<&Config::connection_counters_per_endpoint>,
            get_switch<&Config::connection_counters_per_endpoint>, true},
    Setting{"healthAddress", "--health-address", "ADDRESS:PORT", "where /livez, /readyz and /healthz answer",
            false, true, set_address<&Config::health_address>, get_address<&Config::health_address>},
    Setting{"adminAddress", "--admin-address", "ADDRESS:PORT", "where /metrics and /status answer", false,
            true, set_address<&Config::admin_address>, get_address<&Config::admin_address>},
    Setting{"bindAddressHardFail", "--bind-address-hard-fail", "true|false",
            "do not start while one of these two is taken; false: try again every 5 s", false, true,
            set_switch<&Config::bind_address_hard_fail>, get_switch<&Config::bind_address_hard_fail>, true},
    Setting{"syncPeriod", "--sync-period", "DURATION",
            "/healthz and /livez say 503 once work has waited for twice this", false, true, set_sync_period,
            get_sync_period},
    Setting{"oomScoreAdj", "--oom-score-adj", "NUMBER",
            "this process's own oom_score_adj, -1000 to 1000 (default: as it is)", false, true,
            set_oom_score_adj, get_oom_score_adj, false, true},
    Setting{"logLevel", "--log-level", "LEVEL", "debug, info, warning or error", false, true, set_log_level,
            get_log_level},
    Setting{"logFormat", "--log-format", "FORMAT", "text or json", false, true, set_log_format,
            get_log_format},
    Setting{"conntrack.sizing", "--conntrack-sizing", "automatic|fixed",
            "grow the connection table by memory and need, or only as the next two say", false, true,
            set_sizing, get_sizing},
    Setting{"conntrack.maxPerCore", "--conntrack-max-per-core", "NUMBER",
            "tracked connections that the kernel allows at least, per CPU (0: as it is)", false, true,
            set_entries<&Conntrack::max_per_core>, get_entries<&Conntrack::max_per_core>, false, true},
    Setting{"conntrack.min", "--conntrack-min", "NUMBER",
            "the same, whatever the number of CPUs (0: as it is)", false, true, set_entries<&Conntrack::min>,
            get_entries<&Conntrack::min>, false, true},
    Setting{"conntrack.tcpEstablishedTimeout", "--conntrack-tcp-timeout-established", "DURATION",
            "how long silent TCP connections are tracked (0s: as it is; 24h if sizes are automatic)", false,
            true, set_timeout<&Conntrack::tcp_established_timeout>,
            get_optional_timeout<&Conntrack::tcp_established_timeout>},
    Setting{"conntrack.tcpCloseWaitTimeout", "--conntrack-tcp-timeout-close-wait", "DURATION",
            "the same in state CLOSE_WAIT (1h)", false, true, set_timeout<&Conntrack::tcp_close_wait_timeout>,
            get_optional_timeout<&Conntrack::tcp_close_wait_timeout>},
    Setting{"conntrack.tcpBeLiberal", "--conntrack-tcp-be-liberal", "true|false",
            "track TCP packets outside the window too (false: as it is)", false, true, set_tcp_be_liberal,
            get_tcp_be_liberal, true},
    Setting{"conntrack.guard", "--conntrack-guard", "MODE",
            "whose packets in state INVALID are dropped: endpoints (the default), all, liberal or off", false,
            true, set_guard, get_guard, false, false, true},
    Setting{"conntrack.udpTimeout", "--conntrack-udp-timeout", "DURATION",
            "how long UDP flows are tracked that were not answered (0s: as it is)", false, true,
            set_timeout<&Conntrack::udp_timeout>, get_timeout<&Conntrack::udp_timeout>},
    Setting{"conntrack.udpStreamTimeout", "--conntrack-udp-timeout-stream", "DURATION",
            "the same of flows with answers", false, true, set_timeout<&Conntrack::udp_stream_timeout>,
            get_timeout<&Conntrack::udp_stream_timeout>},
    Setting{"conntrack.warnPercent", "--conntrack-warn-percent", "NUMBER",
            "how full the table of tracked connections is when that is a warning", false, true,
            set_percent<&Percents::warning>, get_percent<&Percents::warning>, false, true},
    Setting{"conntrack.criticalPercent", "--conntrack-critical-percent", "NUMBER",
            "the same, when that is critical", false, true, set_percent<&Percents::critical>,
            get_percent<&Percents::critical>, false, true},
};

std::vector<std::string> split_at_commas(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

/// The field and where it was given: "--manifests", or "manifests (f.yaml:4)", or "manifests".
std::string mention(const ConfigDraft& draft, std::string_view field) {
    const auto origin = draft.origins.find(field);
    if (origin == draft.origins.end()) return std::string(field);
    if (origin->second.starts_with("--")) return origin->second;
    return std::string(field) + " (" + origin->second + ")";
}

/// "--manifests: why" or "f.yaml:4: manifests: why" or "manifests: why".
std::unexpected<base::Error> refuse(const ConfigDraft& draft, std::string_view field,
                                    const std::string& why) {
    const auto origin = draft.origins.find(field);
    std::string place;
    if (origin != draft.origins.end()) place = origin->second + ": ";
    if (!place.starts_with("--")) place += std::string(field) + ": ";
    return base::fail(ErrorCode::kInvalid, place + why);
}

Result<void> check_node_name(const ConfigDraft& draft) {
    const auto& name = draft.config.node_name;
    if (base::is_dns_subdomain(name)) return {};
    return refuse(draft, "nodeName",
                  "'" + name + "' is no name of a Node: wants lower-case letters, digits, '-' and '.'");
}

Result<void> check_source(const ConfigDraft& draft) {
    const auto& config = draft.config;
    for (const auto& [field, text] :
         {std::pair{"kubeconfig", &config.kubeconfig}, std::pair{"server", &config.server}})
        if (!config.manifests.empty() && !text->empty())
            return refuse(draft, "manifests",
                          "excludes " + mention(draft, field) + ": objects come from one source");
    if (!config.context.empty() && config.kubeconfig.empty())
        return refuse(draft, "context", "needs kubeconfig");
    if (!config.server.empty() && !config.server.starts_with("http://") &&
        !config.server.starts_with("https://"))
        return refuse(draft, "server", "'" + config.server + "' is not a http:// or https:// URL");
    return {};
}

Result<void> check_ranges(const ConfigDraft& draft) {
    for (const auto& pods : draft.config.cluster_cidrs)
        for (const auto& services : draft.config.service_cidrs)
            if (pods.overlaps(services))
                return refuse(draft, "serviceCIDRs",
                              services.to_string() + " overlaps " + pods.to_string() + " of " +
                                  mention(draft, "clusterCIDRs"));
    return {};
}

Result<void> check_pod_interfaces(const ConfigDraft& draft) {
    constexpr std::size_t kLongestName = 15;  // IFNAMSIZ less its NUL
    const auto& config = draft.config;
    const std::tuple<DetectLocal, std::string_view, const std::string*> needs[] = {
        {DetectLocal::kBridgeInterface, "bridgeInterface", &config.bridge_interface},
        {DetectLocal::kInterfaceNamePrefix, "interfaceNamePrefix", &config.interface_name_prefix}};
    for (const auto& [mode, field, name] : needs) {
        if (name->size() > kLongestName)
            return refuse(draft, field, "'" + *name + "' is longer than the name of an interface can be");
        if (config.detect_local == mode && name->empty())
            return refuse(draft, field, "is needed by " + mention(draft, "detectLocalMode"));
    }
    return {};
}

Result<void> check_addresses(const ConfigDraft& draft) {
    const auto& health = draft.config.health_address;
    const auto& admin = draft.config.admin_address;
    if (!health.overlaps(admin)) return {};
    return refuse(draft, draft.origins.contains("adminAddress") ? "adminAddress" : "healthAddress",
                  "healthAddress " + health.to_string() + " and adminAddress " + admin.to_string() +
                      " cannot both be listened on");
}

Result<void> check_percents(const ConfigDraft& draft) {
    const auto [warning, critical] = draft.config.conntrack_percents;
    if (warning <= critical) return {};
    return refuse(draft, "conntrack.warnPercent",
                  std::to_string(warning) + " is more than " + std::to_string(critical) + " of " +
                      mention(draft, "conntrack.criticalPercent"));
}

Result<void> check_dns(const ConfigDraft& draft) {
    const auto& dns = draft.config.dns;
    if (dns.mode == DnsMode::kBind && dns.listen.empty())
        return refuse(draft, "dns.listen", "is needed by " + mention(draft, "dns.mode") + " bind");
    return {};
}

}  // namespace

Config default_config() {
    Config config;
    const std::array loopback{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}};
    config.admin_address = {base::IpAddress{loopback}, 10249};
    return config;
}

std::span<const Setting> settings() {
    static const auto kAll = [] {
        std::vector<Setting> all(kSettings.begin(), kSettings.end());
        std::ranges::copy(dns_setting_rows(), std::back_inserter(all));
        return all;
    }();
    return kAll;
}

Result<ConfigDraft> apply_overrides(ConfigDraft draft, std::span<const Override> overrides) {
    for (const auto& [setting, text] : overrides) {
        const auto values = setting->list ? split_at_commas(text) : std::vector{text};
        if (std::ranges::find(values, "") != values.end())
            return base::fail(ErrorCode::kInvalid,
                              std::string(setting->flag) + ": '" + text + "' has an empty value");
        if (auto set = setting->set(draft.config, values); !set)
            return base::fail_within(setting->flag, std::move(set).error());
        draft.origins[setting->field] = setting->flag;
    }
    return draft;
}

Result<Config> validated(ConfigDraft draft) {
    FAIRLEAD_CHECK(check_node_name(draft));
    FAIRLEAD_CHECK(check_source(draft));
    FAIRLEAD_CHECK(check_ranges(draft));
    FAIRLEAD_CHECK(check_pod_interfaces(draft));
    FAIRLEAD_CHECK(check_addresses(draft));
    FAIRLEAD_CHECK(check_percents(draft));
    FAIRLEAD_CHECK(check_dns(draft));
    return std::move(draft.config);
}

std::vector<std::string_view> fields_needing_restart(const Config& before, const Config& after) {
    std::vector<std::string_view> fields;
    for (const auto& setting : settings())
        if (!setting.reloadable && setting.get(before) != setting.get(after)) fields.push_back(setting.field);
    return fields;
}

}  // namespace fairlead::agent
