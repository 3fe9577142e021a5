#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "migrate/iptables_chains.h"
#include "migrate/iptables_rules.h"

/// Any text as the output of iptables-save. A removal names no chain that is not kube-proxy's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::migrate;
    const auto tables = parse_iptables_save({reinterpret_cast<const char*>(data), size});
    if (!tables) return 0;
    static_cast<void>(rules_of(*tables, fairlead::base::Family::kIpv4, RulesKind::kIptablesNft));
    const std::string script = plan_removal(*tables).script;
    std::string_view rest = script;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.starts_with("-X ") && !is_kube_proxy_chain(line.substr(3))) std::abort();
    }
    return 0;
}
