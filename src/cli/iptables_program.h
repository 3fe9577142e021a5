#pragma once

#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"
#include "migrate/kube_proxy_rules.h"

namespace fairlead::cli {

/// All that iptables-save prints of one kind (kIptablesNft or kIptablesLegacy) and family; read-only, but
/// that the legacy one loads the kernel's modules. Fails if there is no such program, and says which package
/// has it.
base::Result<std::string> save_iptables(migrate::RulesKind kind, base::Family family);

/// Applies a script by iptables-restore --noflush: each table in it in one step, or not at all.
base::Result<void> restore_iptables(migrate::RulesKind kind, base::Family family, std::string_view script);

}  // namespace fairlead::cli
