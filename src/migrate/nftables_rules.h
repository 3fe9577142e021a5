#pragma once

#include <optional>

#include "kernel/nftables/nft_tables.h"
#include "migrate/kube_proxy_rules.h"

namespace fairlead::migrate {

/// kube-proxy's table in nftables mode, in both families.
inline constexpr std::string_view kKubeProxyTable = "kube-proxy";

/// Reads what kube-proxy's table of `family` does; nullopt if there is none. Versions differ in where they
/// keep endpoints: in the names of chains (to 1.36, with session affinity also later), in a map without name,
/// or, where there is one endpoint only, in the rule.
base::Result<std::optional<KubeProxyRules>> read_nftables_rules(kernel::nftables::NftTables& tables,
                                                                base::Family family);

/// Deletes kube-proxy's table of `family` with all in it, in one transaction; no error if there is none.
base::Result<void> remove_nftables_rules(kernel::nftables::NftTables& tables, base::Family family);

}  // namespace fairlead::migrate
