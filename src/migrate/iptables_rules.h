#pragma once

#include <optional>
#include <vector>

#include "migrate/iptables_save.h"
#include "migrate/kube_proxy_rules.h"

namespace fairlead::migrate {

/// What kube-proxy's chains do, in iptables mode; nullopt if there are none of it. A rule that cannot be made
/// sense of is left out: the frontend then counts as one that kube-proxy does not have.
std::optional<KubeProxyRules> rules_of(const std::vector<IptablesTable>& tables, base::Family family,
                                       RulesKind kind);

}  // namespace fairlead::migrate
