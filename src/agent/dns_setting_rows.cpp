#include "agent/dns_setting_rows.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "agent/config_values.h"
#include "base/dns_name.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

Result<kube::ObjectKey> parse_key(const std::string& text, const char* kind,
                                  bool (*is_name)(std::string_view)) {
    const auto slash = std::min(text.find('/'), text.size());
    const auto name = text.substr(std::min(slash + 1, text.size()));
    if (!base::is_dns_label(text.substr(0, slash)) || !is_name(name))
        return base::fail(ErrorCode::kInvalid, "'" + text + "' is not NAMESPACE/NAME of a " + kind);
    return kube::ObjectKey{text.substr(0, slash), name};
}

Result<void> set_service(Config& config, Texts texts) {
    FAIRLEAD_TRY(config.dns.service, parse_key(texts.front(), "Service", base::is_dns_label));
    return {};
}

Result<void> set_config_map(Config& config, Texts texts) {
    FAIRLEAD_TRY(config.dns.config_map, parse_key(texts.front(), "ConfigMap", base::is_dns_subdomain));
    return {};
}

std::vector<std::string> get_config_map(const Config& config) {
    if (!config.dns.config_map) return {};
    return {config.dns.config_map->to_string()};
}

constexpr SettingValue kConfigMap{ValueKind::kText, set_config_map, get_config_map};

std::vector<std::string> get_service(const Config& config) {
    return {config.dns.service.to_string()};
}

constexpr SettingValue kService{ValueKind::kText, set_service, get_service};

constexpr std::chrono::seconds kMostSeconds = std::chrono::hours(24 * 365);

/// Whole seconds in a member of DnsSettings.
template <std::int64_t kLeast, auto kMember>
Result<void> set_seconds(Config& config, Texts texts) {
    FAIRLEAD_TRY(const auto duration, parse_duration(texts.front()));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    if (seconds.count() < kLeast || seconds > kMostSeconds)
        return base::fail(ErrorCode::kInvalid, "'" + texts.front() + "' is not " +
                                                   format_duration(std::chrono::seconds(kLeast)) + " to " +
                                                   format_duration(kMostSeconds));
    config.dns.*kMember = static_cast<std::uint32_t>(seconds.count());
    return {};
}

template <auto kMember>
std::vector<std::string> get_seconds(const Config& config) {
    return {format_duration(std::chrono::seconds(config.dns.*kMember))};
}

template <std::int64_t kLeast, auto kMember>
constexpr SettingValue kSeconds{ValueKind::kText, set_seconds<kLeast, kMember>, get_seconds<kMember>};

Result<void> set_log_pods(Config& config, std::span<const std::string> texts) {
    config.dns.query_log.pods.clear();
    for (const auto& text : texts) {
        FAIRLEAD_TRY(auto pod, dns::parse_pod_or_namespace(text));
        config.dns.query_log.pods.push_back(std::move(pod));
    }
    return {};
}

std::vector<std::string> get_log_pods(const Config& config) {
    std::vector<std::string> texts;
    for (const auto& pod : config.dns.query_log.pods)
        texts.push_back(pod.name.empty() ? pod.namespace_name : pod.to_string());
    return texts;
}

Result<void> set_log_codes(Config& config, std::span<const std::string> texts) {
    config.dns.query_log.codes.clear();
    for (const auto& text : texts) {
        FAIRLEAD_TRY(const auto code, dns::parse_response_code(text));
        config.dns.query_log.codes.push_back(code);
    }
    return {};
}

std::vector<std::string> get_log_codes(const Config& config) {
    std::vector<std::string> texts;
    for (const auto code : config.dns.query_log.codes)
        texts.push_back(dns::name_of(code));
    return texts;
}

Result<void> set_log_names(Config& config, std::span<const std::string> texts) {
    config.dns.query_log.names.clear();
    for (const auto& text : texts) {
        FAIRLEAD_TRY(const auto name, dns::Name::parse(text));
        config.dns.query_log.names.push_back(name);
    }
    return {};
}

std::vector<std::string> get_log_names(const Config& config) {
    std::vector<std::string> texts;
    for (const auto& name : config.dns.query_log.names)
        texts.push_back(name.to_string());
    return texts;
}

constexpr SettingValue kLogPods{ValueKind::kList, set_log_pods, get_log_pods};
constexpr SettingValue kLogCodes{ValueKind::kList, set_log_codes, get_log_codes};
constexpr SettingValue kLogNames{ValueKind::kList, set_log_names, get_log_names};

using Dns = DnsSettings;
constexpr std::int64_t kMostSample = 1'000'000;
constexpr std::int64_t kMostWorkers = 64;
constexpr std::int64_t kMostTtl = 3600;
constexpr std::int64_t kMostCacheMib = 65536;
constexpr std::int64_t kMostPodLookupRate = 1'000'000;
constexpr std::int64_t kMostWasteFactor = 1000;
constexpr std::int64_t kMostWasteRate = 1'000'000;

constexpr std::array kRows = {
    Setting{"dns.mode", "--dns-mode", "MODE",
            "how queries come to this node's DNS server: off (the default), intercept or bind",
            kNamed<parse_dns_mode, &Config::dns, &Dns::mode>, TakesEffect::kOnRestart},
    Setting{"dns.service", "--dns-service", "NAMESPACE/NAME",
            "the cluster DNS Service, whose queries mode intercept answers on this node", kService,
            TakesEffect::kOnRestart},
    Setting{"dns.nodeLocalAddresses", "--dns-node-local-address", "ADDRESS",
            "addresses that are intercepted as well, such as 169.254.20.10",
            kParsedList<&Config::dns, &Dns::node_local_addresses>, TakesEffect::kOnRestart},
    Setting{"dns.listen", "--dns-listen", "ADDRESS:PORT", "where mode bind listens, UDP and TCP",
            kParsedList<&Config::dns, &Dns::listen>, TakesEffect::kOnRestart},
    Setting{"dns.workers", "--dns-workers", "NUMBER", "threads that answer queries",
            kNumber<1, kMostWorkers, &Config::dns, &Dns::workers>, TakesEffect::kOnRestart},
    Setting{"dns.clusterDomain", "--dns-cluster-domain", "DOMAIN", "kubelet's clusterDomain",
            kText<&Config::dns, &Dns::cluster_domain>, TakesEffect::kOnRestart},
    Setting{"dns.ttl", "--dns-ttl", "SECONDS", "TTL of records of the cluster's zone, 0 to 3600",
            kNumber<0, kMostTtl, &Config::dns, &Dns::ttl_s>, TakesEffect::kOnRestart},
    Setting{"dns.podNames", "--dns-pod-names", "MODE",
            "whether 10-0-0-1.NAMESPACE.pod.DOMAIN is 10.0.0.1: insecure (it is), verified, disabled",
            kNamed<dns::parse_pod_names, &Config::dns, &Dns::pod_names>, TakesEffect::kOnRestart},
    Setting{"dns.searchCollapse", "--dns-search-collapse", "MODE",
            "answer the first query of a search walk with its end: on (the default), count or off",
            kNamed<dns::parse_collapse_mode, &Config::dns, &Dns::search>, TakesEffect::kOnRestart},
    Setting{"dns.resolvConf", "--dns-resolv-conf", "FILE",
            "kubelet's resolvConf: upstream nameservers, and search domains of Pods",
            kText<&Config::dns, &Dns::resolv_conf>, TakesEffect::kOnRestart},
    Setting{"dns.configMap", "--dns-config-map", "NAMESPACE/NAME",
            "a ConfigMap with stubDomains and upstreamNameservers, such as kube-system/kube-dns", kConfigMap,
            TakesEffect::kOnRestart},
    Setting{"dns.upstreams", "--dns-upstream", "SERVER",
            "who is asked about all other names, in place of resolvConf's: 10.0.0.1, tcp://10.0.0.1, "
            "tls://10.0.0.1%NAME",
            kTexts<&Config::dns, &Dns::upstreams>, TakesEffect::kOnRestart},
    Setting{"dns.stubDomains", "--dns-stub-domain", "DOMAIN=SERVER",
            "who is asked about DOMAIN and what is below it; once for each server",
            kTexts<&Config::dns, &Dns::stub_domains>, TakesEffect::kOnRestart},
    Setting{"dns.tlsPins", "--dns-tls-pin", "ADDRESS=PIN",
            "sha256//BASE64, the key of an upstream over TLS; then nobody has to vouch for it",
            kTexts<&Config::dns, &Dns::tls_pins>, TakesEffect::kOnRestart},
    Setting{"dns.corefile", "--dns-corefile", "FILE",
            "a Corefile whose forward, cache, hosts, rewrite and kubernetes are taken over",
            kText<&Config::dns, &Dns::corefile>, TakesEffect::kOnRestart},
    Setting{"dns.corefileIgnoresUnsupported", "--dns-corefile-ignores-unsupported", "true|false",
            "pass over what is unsupported in it, with a warning, instead of refusing it",
            kSwitch<&Config::dns, &Dns::corefile_ignores>, TakesEffect::kOnRestart},
    Setting{"dns.cacheMiB", "--dns-cache-mib", "NUMBER", "how large the cache may grow",
            kNumber<1, kMostCacheMib, &Config::dns, &Dns::cache_mib>, TakesEffect::kOnRestart},
    Setting{"dns.staleFor", "--dns-stale-for", "DURATION",
            "how long after their end answers may be served while upstreams fail (0s: not at all)",
            kSeconds<0, &Dns::stale_s>, TakesEffect::kOnRestart},
    Setting{"dns.podLookupRate", "--dns-pod-lookup-rate", "NUMBER",
            "how many lookups a second of one Pod a worker begins at upstreams (0: any number)",
            kNumber<0, kMostPodLookupRate, &Config::dns, &Dns::pod_lookup_rate>, TakesEffect::kOnRestart},
    Setting{"dns.wasteEventFactor", "--dns-waste-event-factor", "NUMBER",
            "write a Warning Event on a Pod with so many queries for each lookup; 0 (the default): never",
            kNumber<0, kMostWasteFactor, &Config::dns, &Dns::waste_event_factor>, TakesEffect::kOnRestart},
    Setting{"dns.wasteEventRate", "--dns-waste-event-rate", "NUMBER",
            "but not below so many queries of the Pod a second",
            kNumber<0, kMostWasteRate, &Config::dns, &Dns::waste_event_rate>, TakesEffect::kOnRestart},
    Setting{"dns.wasteEventWindow", "--dns-waste-event-window", "DURATION", "over which both are measured",
            kSeconds<1, &Dns::waste_event_window_s>, TakesEffect::kOnRestart},
    Setting{"dns.queryLogSample", "--dns-query-log-sample", "NUMBER",
            "write one in NUMBER queries to the log, drawn by chance (0, the default: none)",
            kNumber<0, kMostSample, &Config::dns, &Dns::query_log, &dns::QueryFilter::one_in>},
    Setting{"dns.queryLogPods", "--dns-query-log-pod", "NAMESPACE[/POD]",
            "log those of these Pods only, or of all in a namespace", kLogPods},
    Setting{"dns.queryLogCodes", "--dns-query-log-code", "CODE",
            "log those only that were answered so: NXDOMAIN, SERVFAIL, ...", kLogCodes},
    Setting{"dns.queryLogNames", "--dns-query-log-name", "NAME",
            "log those for these names only, or for names below", kLogNames},
};

}  // namespace

std::span<const Setting> dns_setting_rows() {
    return kRows;
}

}  // namespace fairlead::agent
