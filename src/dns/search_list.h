#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/objects.h"

namespace fairlead::dns {

/// What a resolv.conf says, as kubelet handles it: texts that nobody has judged yet (resolv.conf(5)).
struct ResolverSettings {
    std::vector<std::string> nameservers;
    std::vector<std::string> searches;
    std::vector<kube::PodDnsOption> options;

    friend bool operator==(const ResolverSettings&, const ResolverSettings&) = default;
};

/// What of a node goes into the resolv.conf of its pods (KubeletConfiguration).
struct KubeletDns {
    std::string cluster_domain = "cluster.local";  ///< clusterDomain
    std::vector<std::string> cluster_dns;          ///< clusterDNS
    ResolverSettings node;                         ///< of the file resolvConf: read_as_kubelet()

    friend bool operator==(const KubeletDns&, const KubeletDns&) = default;
};

/// A node's resolv.conf as kubelet reads it, which differs from resolv.conf(5): "domain" counts for nothing,
/// "." is no search domain, and a dot at the end of one is taken off.
/// Source: parseResolvConf in pkg/kubelet/network/dns of Kubernetes 1.37.
ResolverSettings read_as_kubelet(std::string_view resolv_conf);

/// The resolv.conf that kubelet makes for a pod: by dnsPolicy and dnsConfig, without duplicates, at most 3
/// nameservers, 32 search domains and 2048 characters of them; nullopt where dnsPolicy is not known here.
/// Source: GetPodDNS in pkg/kubelet/network/dns of Kubernetes 1.37.
std::optional<ResolverSettings> resolver_settings_of(const kube::Pod& pod, const KubeletDns& kubelet);

/// The option ndots as resolvers take it: 1 without it, 15 at most; nullopt where it is no number.
std::optional<unsigned> ndots_of(const ResolverSettings& settings);

}  // namespace fairlead::dns
