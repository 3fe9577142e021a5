#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "migrate/comparison.h"
#include "migrate/kube_proxy_rules.h"

namespace fairlead::migrate {

/// A process in this network namespace that is called kube-proxy.
struct KubeProxyProcess {
    int pid = 0;
    std::string mode;    ///< of --proxy-mode; empty if it does not say
    std::string config;  ///< file of --config; empty: none
};

/// Of rules of one kind in one family, how much of them would go, and what of them has to stay.
struct RulesToRemove {
    RulesKind kind = RulesKind::kNftables;
    base::Family family = base::Family::kIpv4;
    std::size_t chains = 0;         ///< in nftables mode: not counted
    std::vector<std::string> kept;  ///< chains that rules of somebody else lead to
};

/// What there is on a node.
struct Facts {
    std::string node = "NODE";  ///< its name, where the agent tells it
    std::vector<KubeProxyProcess> processes;
    std::vector<KubeProxyRules> rules;
    std::vector<RulesToRemove> to_remove;
    std::string unreadable;  ///< rules that may be kube-proxy's, and why they cannot be read; empty: none
    bool ipvs = false;       ///< kube-proxy in ipvs mode has been here

    bool agent_answers = false;
    bool agent_runs = false;  ///< it holds the lock of this network namespace
    bool agent_ready = false;
    bool tables_present = false;
    bool tables_unknown = false;  ///< of another version: they cannot be read
    FairleadRules fairlead;

    /// The table filter of iptables drops what nobody accepts on the chain FORWARD.
    bool forward_drops = false;
};

}  // namespace fairlead::migrate
