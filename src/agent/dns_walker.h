#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/dns_walk_report.h"
#include "dns/clients.h"
#include "dns/search_list.h"

namespace fairlead::agent {

/// A program of a Pod of this node, with the resolv.conf that kubelet makes for it. `context`: the Pod as the
/// DNS server knows it, nullptr if it does not. Errors: the Pod has no address yet, or a dnsPolicy that is
/// not known here.
base::Result<DnsWalker> walker_of_pod(const kube::Pod& pod, const dns::KubeletDns& kubelet,
                                      const dns::SearchContext* context);

/// A program on the node, whose resolv.conf is this. `ours`: where the DNS server answers.
DnsWalker walker_of_node(std::string_view resolv_conf, std::span<const std::string> ours);

}  // namespace fairlead::agent
