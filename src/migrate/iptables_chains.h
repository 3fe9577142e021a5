#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/iptables_save.h"

namespace fairlead::migrate {

/// Whether kube-proxy in iptables mode makes a chain of this name. Kubelet's are not among them
/// (KUBE-FIREWALL, which kube-proxy makes too and leaves behind; KUBE-KUBELET-CANARY, KUBE-IPTABLES-HINT),
/// nor anybody else's that begins with KUBE-.
bool is_kube_proxy_chain(std::string_view name);

/// How kube-proxy's rules go from the tables of one family.
struct IptablesRemoval {
    /// For `iptables-restore --noflush`: each table is one commit. Empty: there is nothing to remove.
    std::string script;
    std::size_t chain_count = 0;  ///< that go
    std::size_t rule_count = 0;   ///< that go, those in the chains included
    /// Chains that stay because a rule of somebody else leads to them, with that rule.
    std::vector<std::string> kept;
};

/// Removes each chain of kube-proxy's and the rules of built-in chains that lead to one. A chain that other
/// rules lead to stays with all that it leads to, and KUBE-POSTROUTING stays with KUBE-MARK-MASQ, whose marks
/// mean nothing without it.
IptablesRemoval plan_removal(const std::vector<IptablesTable>& tables);

}  // namespace fairlead::migrate
