#include "agent/dns_setting_rows.h"

#include <algorithm>
#include <array>
#include <limits>

#include "agent/config_duration.h"
#include "agent/config_numbers.h"
#include "base/dns_name.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;
using Texts = std::span<const std::string>;

// kMember: a member of DnsSettings.

template <auto kMember>
Result<void> set_text(Config& config, Texts texts) {
    config.dns.*kMember = texts.front();
    return {};
}

template <auto kMember>
std::vector<std::string> get_text(const Config& config) {
    if ((config.dns.*kMember).empty()) return {};
    return {config.dns.*kMember};
}

template <auto kMember>
Result<void> set_texts(Config& config, Texts texts) {
    (config.dns.*kMember).assign(texts.begin(), texts.end());
    return {};
}

template <auto kMember>
std::vector<std::string> get_texts(const Config& config) {
    return config.dns.*kMember;
}

template <auto kMember, std::int64_t kLeast, std::int64_t kMost>
Result<void> set_number(Config& config, Texts texts) {
    FAIRLEAD_TRY(const auto number, parse_number(texts.front(), kLeast, kMost));
    config.dns.*kMember = static_cast<std::uint32_t>(number);
    return {};
}

template <auto kMember>
std::vector<std::string> get_number(const Config& config) {
    return {std::to_string(config.dns.*kMember)};
}

Result<void> set_mode(Config& config, Texts texts) {
    FAIRLEAD_TRY(config.dns.mode, parse_dns_mode(texts.front()));
    return {};
}

std::vector<std::string> get_mode(const Config& config) {
    return {std::string(name_of(config.dns.mode))};
}

Result<void> set_search(Config& config, Texts texts) {
    FAIRLEAD_TRY(config.dns.search, dns::parse_collapse_mode(texts.front()));
    return {};
}

std::vector<std::string> get_search(const Config& config) {
    return {std::string(dns::name_of(config.dns.search))};
}

Result<void> set_service(Config& config, Texts texts) {
    const auto& text = texts.front();
    const auto slash = std::min(text.find('/'), text.size());
    const auto name = text.substr(std::min(slash + 1, text.size()));
    if (!base::is_dns_label(text.substr(0, slash)) || !base::is_dns_label(name))
        return base::fail(ErrorCode::kInvalid, "'" + text + "' is not NAMESPACE/NAME of a Service");
    config.dns.service = {text.substr(0, slash), name};
    return {};
}

std::vector<std::string> get_service(const Config& config) {
    return {config.dns.service.to_string()};
}

Result<void> set_node_local(Config& config, Texts texts) {
    config.dns.node_local_addresses.clear();
    for (const auto& text : texts) {
        FAIRLEAD_TRY(const auto address, base::IpAddress::parse(text));
        config.dns.node_local_addresses.push_back(address);
    }
    return {};
}

std::vector<std::string> get_node_local(const Config& config) {
    std::vector<std::string> texts;
    for (const auto& address : config.dns.node_local_addresses)
        texts.push_back(address.to_string());
    return texts;
}

Result<void> set_listen(Config& config, Texts texts) {
    config.dns.listen.clear();
    for (const auto& text : texts) {
        FAIRLEAD_TRY(const auto address, base::SocketAddress::parse(text));
        config.dns.listen.push_back(address);
    }
    return {};
}

std::vector<std::string> get_listen(const Config& config) {
    std::vector<std::string> texts;
    for (const auto& address : config.dns.listen)
        texts.push_back(address.to_string());
    return texts;
}

Result<void> set_pod_names(Config& config, Texts texts) {
    if (texts.front() == "disabled")
        config.dns.pod_names = dns::PodNames::kDisabled;
    else if (texts.front() == "insecure")
        config.dns.pod_names = dns::PodNames::kInsecure;
    else
        return base::fail(ErrorCode::kInvalid, "'" + texts.front() + "' is neither disabled nor insecure");
    return {};
}

std::vector<std::string> get_pod_names(const Config& config) {
    return {config.dns.pod_names == dns::PodNames::kDisabled ? "disabled" : "insecure"};
}

Result<void> set_ignores(Config& config, Texts texts) {
    if (texts.front() != "true" && texts.front() != "false")
        return base::fail(ErrorCode::kInvalid, "'" + texts.front() + "' is neither true nor false");
    config.dns.corefile_ignores = texts.front() == "true";
    return {};
}

std::vector<std::string> get_ignores(const Config& config) {
    return {config.dns.corefile_ignores ? "true" : "false"};
}

Result<void> set_stale_for(Config& config, Texts texts) {
    FAIRLEAD_TRY(const auto duration, parse_duration(texts.front()));
    config.dns.stale_s =
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
    return {};
}

std::vector<std::string> get_stale_for(const Config& config) {
    return {format_duration(std::chrono::seconds(config.dns.stale_s))};
}

using Dns = DnsSettings;
constexpr std::int64_t kMostWorkers = 64;
constexpr std::int64_t kMostTtl = 3600;
constexpr std::int64_t kMostCacheMib = 65536;

constexpr std::array kRows = {
    Setting{"dns.mode", "--dns-mode", "MODE",
            "how queries come to this node's DNS server: off (the default), intercept or bind", false, false,
            set_mode, get_mode, false, false, true},
    Setting{"dns.service", "--dns-service", "NAMESPACE/NAME",
            "the cluster DNS Service, whose queries mode intercept answers on this node", false, false,
            set_service, get_service},
    Setting{"dns.nodeLocalAddresses", "--dns-node-local-address", "ADDRESS",
            "addresses that are intercepted as well, such as 169.254.20.10", true, false, set_node_local,
            get_node_local},
    Setting{"dns.listen", "--dns-listen", "ADDRESS:PORT", "where mode bind listens, UDP and TCP", true, false,
            set_listen, get_listen},
    Setting{"dns.workers", "--dns-workers", "NUMBER", "threads that answer queries", false, false,
            set_number<&Dns::workers, 1, kMostWorkers>, get_number<&Dns::workers>, false, true},
    Setting{"dns.clusterDomain", "--dns-cluster-domain", "DOMAIN", "kubelet's clusterDomain", false, false,
            set_text<&Dns::cluster_domain>, get_text<&Dns::cluster_domain>},
    Setting{"dns.ttl", "--dns-ttl", "SECONDS", "TTL of records of the cluster's zone, 0 to 3600", false,
            false, set_number<&Dns::ttl_s, 0, kMostTtl>, get_number<&Dns::ttl_s>, false, true},
    Setting{"dns.podNames", "--dns-pod-names", "disabled|insecure",
            "whether 10-0-0-1.NAMESPACE.pod.DOMAIN is 10.0.0.1", false, false, set_pod_names, get_pod_names,
            false, false, true},
    Setting{"dns.searchCollapse", "--dns-search-collapse", "MODE",
            "answer the first query of a search walk with its end: on (the default), count or off", false,
            false, set_search, get_search, false, false, true},
    Setting{"dns.resolvConf", "--dns-resolv-conf", "FILE",
            "kubelet's resolvConf: upstream nameservers, and search domains of Pods", false, false,
            set_text<&Dns::resolv_conf>, get_text<&Dns::resolv_conf>},
    Setting{"dns.upstreams", "--dns-upstream", "SERVER",
            "who is asked about all other names, in place of resolvConf's: 10.0.0.1, tcp://10.0.0.1, "
            "tls://10.0.0.1%NAME",
            true, false, set_texts<&Dns::upstreams>, get_texts<&Dns::upstreams>},
    Setting{"dns.stubDomains", "--dns-stub-domain", "DOMAIN=SERVER",
            "who is asked about DOMAIN and what is below it; once for each server", true, false,
            set_texts<&Dns::stub_domains>, get_texts<&Dns::stub_domains>},
    Setting{"dns.corefile", "--dns-corefile", "FILE",
            "a Corefile whose forward, cache, hosts, rewrite and kubernetes are taken over", false, false,
            set_text<&Dns::corefile>, get_text<&Dns::corefile>},
    Setting{"dns.corefileIgnoresUnsupported", "--dns-corefile-ignores-unsupported", "true|false",
            "pass over what is unsupported in it, with a warning, instead of refusing it", false, false,
            set_ignores, get_ignores, true},
    Setting{"dns.cacheMiB", "--dns-cache-mib", "NUMBER", "how large the cache may grow", false, false,
            set_number<&Dns::cache_mib, 1, kMostCacheMib>, get_number<&Dns::cache_mib>, false, true},
    Setting{"dns.staleFor", "--dns-stale-for", "DURATION",
            "how long after their end answers may be served while upstreams fail (0s: not at all)", false,
            false, set_stale_for, get_stale_for},
};

}  // namespace

std::span<const Setting> dns_setting_rows() {
    return kRows;
}

}  // namespace fairlead::agent
