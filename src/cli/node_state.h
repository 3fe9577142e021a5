#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/socket_address.h"
#include "kernel/nftables/nft_tables.h"
#include "migrate/facts.h"

namespace fairlead::cli {

/// What takes one kind of kube-proxy's rules away in one family.
struct Removal {
    migrate::RulesKind kind = migrate::RulesKind::kNftables;
    base::Family family = base::Family::kIpv4;
    std::string script;  ///< for iptables-restore; empty in nftables mode
};

/// What there is in this network namespace, and how kube-proxy's part of it goes.
struct NodeState {
    migrate::Facts facts;
    std::vector<Removal> removals;
};

/// Looks at processes, kube-proxy's rules, fairlead's tables and the agent; changes nothing.
base::Result<NodeState> look_at_node(kernel::nftables::NftTables& tables, const base::SocketAddress& agent);

}  // namespace fairlead::cli
