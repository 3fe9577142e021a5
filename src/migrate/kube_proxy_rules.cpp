#include "migrate/kube_proxy_rules.h"

namespace fairlead::migrate {

std::string_view name_of(RulesKind kind) {
    switch (kind) {
        case RulesKind::kNftables:
            return "nftables";
        case RulesKind::kIptablesNft:
            return "iptables-nft";
        case RulesKind::kIptablesLegacy:
            return "iptables-legacy";
    }
    return "nftables";
}

}  // namespace fairlead::migrate
