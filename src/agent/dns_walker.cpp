#include "agent/dns_walker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "dns/resolv_conf.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

std::string resolv_conf_of(const dns::ResolverSettings& settings) {
    std::string text;
    for (const auto& nameserver : settings.nameservers)
        text += "nameserver " + nameserver + "\n";
    if (!settings.searches.empty()) text += fmt::format("search {}\n", fmt::join(settings.searches, " "));
    for (const auto& option : settings.options)
        text += fmt::format("options {}{}{}\n", option.name, option.value.empty() ? "" : ":", option.value);
    return text;
}

void read(DnsWalker& walker, std::string_view resolv_conf, std::span<const std::string> ours) {
    const auto conf = dns::parse_resolv_conf(resolv_conf);
    for (const auto& server : conf.nameservers)
        walker.nameservers.push_back(server.address.address.to_string());
    if (walker.nameservers.empty()) walker.nameservers.emplace_back("127.0.0.1");  // resolv.conf(5)
    walker.settings = {conf.search, conf.ndots, static_cast<unsigned>(walker.nameservers.size()),
                       std::max(1U, conf.attempts)};
    for (const auto& problem : conf.problems)
        walker.remarks.push_back("its resolv.conf: " + problem.message);
    if (std::ranges::find(ours, walker.nameservers.front()) == ours.end())
        walker.remarks.push_back(
            fmt::format("it asks {}, not the DNS server of this node, whose answers these are",
                        walker.nameservers.front()));
}

/// Why its walks are not collapsed; empty: they are, where the rules let them.
std::string why_not_collapsed(const kube::Pod& pod, const dns::SearchContext* context) {
    if (pod.host_network) return "its walks are not collapsed: it has the network of the node";
    if (context == nullptr)
        return "the DNS server does not know it for certain, for it shares its address or is about to end: "
               "its walks are not collapsed";
    if (!context->why_off.empty()) return "its walks are not collapsed: " + context->why_off;
    if (context->mode == dns::CollapseMode::kOn) return {};
    return fmt::format("its walks are not collapsed: the mode is {}", name_of(context->mode));
}

}  // namespace

Result<DnsWalker> walker_of_pod(const kube::Pod& pod, const dns::KubeletDns& kubelet,
                                const dns::SearchContext* context) {
    if (pod.pod_ips.empty())
        return base::fail(ErrorCode::kNotFound, "the Pod " + pod.key.to_string() + " has no address yet");
    const auto settings = dns::resolver_settings_of(pod, kubelet);
    if (!settings)
        return base::fail(ErrorCode::kInvalid,
                          "the Pod " + pod.key.to_string() + " has a dnsPolicy that is not known here");
    DnsWalker walker{.name = pod.key.to_string(), .source = pod.pod_ips.front()};
    read(walker, resolv_conf_of(*settings), kubelet.cluster_dns);
    if (auto why = why_not_collapsed(pod, context); !why.empty()) walker.remarks.push_back(std::move(why));
    return walker;
}

DnsWalker walker_of_node(std::string_view resolv_conf, std::span<const std::string> ours) {
    DnsWalker walker{.source = base::IpAddress::parse("127.0.0.1").value()};
    read(walker, resolv_conf, ours);
    return walker;
}

}  // namespace fairlead::agent
