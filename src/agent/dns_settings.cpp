#include "agent/dns_settings.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/dns_tls_pins.h"
#include "dns/corefile_config.h"
#include "dns/kube_dns_config.h"
#include "dns/resolv_conf.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

constexpr std::pair<std::string_view, DnsMode> kModes[] = {
    {"off", DnsMode::kOff}, {"intercept", DnsMode::kIntercept}, {"bind", DnsMode::kBind}};

/// Puts `zone` in, in place of one for the same names.
void put_zone(std::vector<dns::ForwardZone>& zones, dns::ForwardZone zone) {
    std::erase_if(zones, [&](const dns::ForwardZone& known) { return known.zone == zone.zone; });
    zones.push_back(std::move(zone));
}

Result<void> add_resolv_conf(DnsPlan& plan, const DnsSettings& settings, const ReadFile& read_file) {
    FAIRLEAD_TRY(plan.node_resolv_conf, read_file(settings.resolv_conf));
    const auto conf = dns::parse_resolv_conf(plan.node_resolv_conf);
    for (const auto& [line, message] : conf.problems)
        plan.remarks.push_back(settings.resolv_conf + ":" + std::to_string(line) + ": " + message);
    if (!conf.nameservers.empty()) put_zone(plan.forwarding.forward, dns::forward_zone(conf));
    return {};
}

Result<void> add_config_map(DnsPlan& plan, const kube::ConfigMap& config_map) {
    auto zones = dns::parse_kube_dns_config(config_map.stub_domains, config_map.upstream_nameservers);
    if (!zones) return base::fail_within("ConfigMap " + config_map.key.to_string(), std::move(zones).error());
    for (auto& zone : *zones)
        put_zone(plan.forwarding.forward, std::move(zone));
    return {};
}

Result<void> add_upstreams(DnsPlan& plan, const DnsSettings& settings) {
    dns::ForwardZone everything;
    for (const auto& text : settings.upstreams) {
        auto server = dns::UpstreamServer::parse(text);
        if (!server) return base::fail_within("dns.upstreams", std::move(server).error());
        everything.upstreams.push_back(*std::move(server));
    }
    if (!everything.upstreams.empty()) put_zone(plan.forwarding.forward, std::move(everything));
    return {};
}

Result<void> add_stub_domains(DnsPlan& plan, const DnsSettings& settings) {
    std::map<dns::Name, dns::ForwardZone> stubs;
    for (const auto& text : settings.stub_domains) {
        const auto equals = text.find('=');
        if (equals == std::string::npos)
            return base::fail(ErrorCode::kInvalid, "dns.stubDomains: '" + text + "' is not DOMAIN=SERVER");
        auto zone = dns::Name::parse(text.substr(0, equals));
        if (!zone) return base::fail_within("dns.stubDomains: '" + text + "'", std::move(zone).error());
        auto server = dns::UpstreamServer::parse(text.substr(equals + 1));
        if (!server) return base::fail_within("dns.stubDomains: '" + text + "'", std::move(server).error());
        auto& stub = stubs[*zone];
        stub.zone = *zone;
        stub.upstreams.push_back(*std::move(server));
    }
    for (auto& [name, stub] : stubs)
        put_zone(plan.forwarding.forward, std::move(stub));
    return {};
}

Result<void> take_remarks(DnsPlan& plan, const DnsSettings& settings,
                          std::vector<dns::CorefileRemark> remarks) {
    for (auto& remark : remarks) {
        if (remark.kind == dns::CorefileRemark::Kind::kUnsupported && !settings.corefile_ignores)
            return base::fail(ErrorCode::kUnsupported,
                              remark.message + " (dns.corefileIgnoresUnsupported passes it over)");
        plan.remarks.push_back(std::move(remark.message));
    }
    return {};
}

Result<void> add_corefile(DnsPlan& plan, const DnsSettings& settings, const ReadFile& read_file) {
    FAIRLEAD_TRY(const auto text, read_file(settings.corefile));
    const dns::CorefileSources sources{{},
                                       [&](std::string_view path) { return read_file(std::string(path)); }};
    FAIRLEAD_TRY(auto corefile, dns::read_corefile(settings.corefile, text, sources));
    FAIRLEAD_CHECK(take_remarks(plan, settings, std::move(corefile.remarks)));
    for (auto& zone : corefile.dns.forward)
        put_zone(plan.forwarding.forward, std::move(zone));
    plan.forwarding.hosts = std::move(corefile.dns.hosts);
    plan.forwarding.rewrites = std::move(corefile.dns.rewrites);
    if (!corefile.kubernetes) return {};
    const auto& kubernetes = *corefile.kubernetes;
    std::vector<dns::Name> domains;
    const auto is_reverse = [](const dns::Name& zone) {
        return zone.is_within(dns::Name::parse("in-addr.arpa").value()) ||
               zone.is_within(dns::Name::parse("ip6.arpa").value());
    };
    std::ranges::remove_copy_if(kubernetes.zones, std::back_inserter(domains), is_reverse);
    if (!domains.empty()) plan.zone.cluster_domains = std::move(domains);
    plan.zone.ttl_s = static_cast<std::uint32_t>(kubernetes.ttl.count());
    plan.zone.pod_names = kubernetes.pods;
    if (kubernetes.endpoint_pod_names) plan.zone.endpoint_naming = dns::EndpointNaming::kPodName;
    return {};
}

}  // namespace

std::string_view name_of(DnsMode mode) {
    return std::ranges::find(kModes, mode, &std::pair<std::string_view, DnsMode>::second)->first;
}

Result<DnsMode> parse_dns_mode(std::string_view text) {
    for (const auto& [name, mode] : kModes)
        if (name == text) return mode;
    return base::fail(ErrorCode::kInvalid, "'" + std::string(text) + "' is none of off, intercept, bind");
}

Result<DnsPlan> plan_dns(const DnsSettings& settings, const ReadFile& read_file,
                         const kube::ConfigMap* config_map) {
    DnsPlan plan;
    auto domain = dns::Name::parse(settings.cluster_domain);
    if (!domain) return base::fail_within("dns.clusterDomain", std::move(domain).error());
    plan.zone.cluster_domains = {*domain};
    plan.zone.ttl_s = settings.ttl_s;
    plan.zone.pod_names = settings.pod_names;
    plan.zone.dns_service = settings.service;
    plan.forwarding.cache.max_bytes = std::size_t{settings.cache_mib} << 20U;
    plan.forwarding.cache.stale_for = std::chrono::seconds(settings.stale_s);
    plan.forwarding.limits.client_rate = settings.pod_lookup_rate;
    FAIRLEAD_CHECK(add_resolv_conf(plan, settings, read_file));
    if (config_map != nullptr) FAIRLEAD_CHECK(add_config_map(plan, *config_map));
    FAIRLEAD_CHECK(add_upstreams(plan, settings));
    FAIRLEAD_CHECK(add_stub_domains(plan, settings));
    if (!settings.corefile.empty()) FAIRLEAD_CHECK(add_corefile(plan, settings, read_file));
    FAIRLEAD_CHECK(pin_upstreams(settings.tls_pins, plan.forwarding));
    FAIRLEAD_CHECK(dns::check(plan.zone));
    return plan;
}

}  // namespace fairlead::agent
