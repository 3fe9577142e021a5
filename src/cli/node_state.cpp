#include "cli/node_state.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/families.h"
#include "cli/agent_client.h"
#include "cli/iptables_program.h"
#include "cli/service_view.h"
#include "migrate/iptables_chains.h"
#include "migrate/iptables_rules.h"
#include "migrate/nftables_rules.h"
#include "net/files.h"
#include "net/namespace_lock.h"
#include "net/running_programs.h"
#include "services/layout.h"
#include "services/programmed_table.h"

namespace fairlead::cli {

namespace {

using base::Family;
using base::Result;
using kernel::nftables::NftTables;
using migrate::Facts;
using migrate::RulesKind;

/// The value of "--flag value" or "--flag=value"; empty if it is not there.
std::string flag_value(const std::vector<std::string>& arguments, std::string_view flag) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (word == flag && i + 1 < arguments.size()) return arguments[i + 1];
        if (word.starts_with(flag) && word.substr(flag.size()).starts_with('='))
            return std::string(word.substr(flag.size() + 1));
    }
    return {};
}

Result<void> look_at_processes(Facts& facts) {
    FAIRLEAD_TRY(const auto running, net::running_programs("kube-proxy"));
    for (const auto& [pid, arguments] : running)
        facts.processes.push_back(
            {pid, flag_value(arguments, "--proxy-mode"), flag_value(arguments, "--config")});
    // The interface is there in ipvs mode only, and stays when kube-proxy ends.
    facts.ipvs = net::read_file("/proc/net/dev").value_or("").contains("kube-ipvs0:");
    return {};
}

/// Whether iptables has rules of this kind and family that may be kube-proxy's.
Result<bool> may_have_rules(NftTables& tables, RulesKind kind, Family family) {
    if (kind == RulesKind::kIptablesLegacy) {
        const auto* names =
            family == Family::kIpv4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names";
        return !net::read_file(names).value_or("").empty();
    }
    for (const auto* table : {"nat", "filter", "mangle"}) {
        FAIRLEAD_TRY(const auto contents, tables.read_table(family, table));
        if (contents && std::ranges::any_of(contents->chains, [](const auto& chain) {
                return migrate::is_kube_proxy_chain(chain.name);
            }))
            return true;
    }
    return false;
}

bool forward_drops(const std::vector<migrate::IptablesTable>& tables) {
    return std::ranges::any_of(tables, [](const auto& table) {
        const auto policy = table.policies.find("FORWARD");
        return table.name == "filter" && policy != table.policies.end() && policy->second == "DROP";
    });
}

Result<void> look_at_iptables(NftTables& tables, NodeState& node, RulesKind kind, Family family) {
    FAIRLEAD_TRY(const bool there, may_have_rules(tables, kind, family));
    if (!there) return {};
    const auto text = save_iptables(kind, family);
    if (!text) {
        node.facts.unreadable = fmt::format("{} rules of {}, which may be kube-proxy's, cannot be read: {}",
                                            name_of(kind), base::name_of(family), text.error().message);
        return {};
    }
    FAIRLEAD_TRY(const auto saved, migrate::parse_iptables_save(*text));
    auto rules = migrate::rules_of(saved, family, kind);
    if (!rules) return {};
    auto removal = migrate::plan_removal(saved);
    node.facts.forward_drops = node.facts.forward_drops || forward_drops(saved);
    node.facts.rules.push_back(*std::move(rules));
    if (removal.script.empty()) return {};
    node.facts.to_remove.push_back({kind, family, removal.chain_count, std::move(removal.kept)});
    node.removals.push_back({kind, family, std::move(removal.script)});
    return {};
}

Result<void> look_at_kube_proxy(NftTables& tables, NodeState& node) {
    FAIRLEAD_CHECK(look_at_processes(node.facts));
    for (const auto family : base::kFamilies) {
        FAIRLEAD_TRY(auto rules, migrate::read_nftables_rules(tables, family));
        if (rules) {
            node.facts.rules.push_back(*std::move(rules));
            node.facts.to_remove.push_back({RulesKind::kNftables, family, 0, {}});
            node.removals.push_back({RulesKind::kNftables, family, ""});
        }
        for (const auto kind : {RulesKind::kIptablesNft, RulesKind::kIptablesLegacy})
            FAIRLEAD_CHECK(look_at_iptables(tables, node, kind, family));
    }
    return {};
}

/// A table whose translation was taken away, by a way back that did not get to its end.
Result<bool> translates(NftTables& tables, Family family) {
    FAIRLEAD_TRY(const auto contents, tables.read_table(family, services::kTableName));
    return contents && std::ranges::any_of(contents->rules, [](const auto& rule) {
               return std::ranges::find(services::kTranslatingChains, rule.chain) !=
                      std::end(services::kTranslatingChains);
           });
}

Result<void> look_at_fairlead(NftTables& tables, Facts& facts) {
    for (const auto family : base::kFamilies) {
        FAIRLEAD_TRY(auto read, services::read_back(tables, family));
        if (read.state == services::KernelState::kAbsent) continue;
        facts.tables_present = true;
        if (read.state == services::KernelState::kForeign) {
            FAIRLEAD_TRY(const bool at_work, translates(tables, family));
            facts.tables_unknown = facts.tables_unknown || at_work;
            continue;
        }
        auto& configured = read.table.configured;
        const auto& sources = configured[services::kKeptSources];
        const auto& interfaces = configured[services::kKeptInterfaces];
        if (sources.empty() && interfaces.empty()) facts.fairlead.masquerades_all = true;
        facts.fairlead.pods[family] = migrate::pods_of(sources, interfaces, family);
        facts.fairlead.frontends.insert(read.table.frontends.begin(), read.table.frontends.end());
    }
    return {};
}

/// Ready, and nothing of either family waits to be written.
void take_status(Facts& facts, std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element page;
    if (parser.parse(json.data(), json.size()).get(page)) return;
    bool ready = false;
    std::string_view node;
    facts.agent_answers = page["ready"].get(ready) == simdjson::SUCCESS;
    facts.agent_ready = ready;
    if (page["node"].get(node) == simdjson::SUCCESS) facts.node = node;
    for (const auto* family : {"IPv4", "IPv6"}) {
        bool pending = true;
        if (page["families"][family]["pending"].get(pending) || pending) facts.agent_ready = false;
    }
}

void take_names(Facts& facts, std::string_view json) {
    for (const auto& service : parse_services(json).value_or(std::vector<ServiceView>{}))
        for (const auto& port : service.ports)
            for (const auto& frontend : port.frontends) {
                const auto address = base::IpAddress::parse(frontend.address);
                const auto protocol = base::parse_l4_protocol(port.protocol);
                if (!address || !protocol) continue;
                facts.fairlead.names[{*address, *protocol, static_cast<std::uint16_t>(frontend.port)}] =
                    service.namespace_name + "/" + service.name + (port.name.empty() ? "" : ":" + port.name);
            }
}

/// An agent that does not answer is a fact, no error.
void look_at_agent(Facts& facts, const base::SocketAddress& agent) {
    facts.agent_runs = !net::NamespaceLock::acquire(services::kWriterLock);
    if (!facts.agent_runs) return;
    if (const auto status = fetch_page(agent, "/status")) take_status(facts, status->body);
    if (!facts.agent_answers) return;
    if (const auto page = fetch_page(agent, "/services")) take_names(facts, page->body);
}

}  // namespace

Result<NodeState> look_at_node(NftTables& tables, const base::SocketAddress& agent) {
    NodeState node;
    look_at_agent(node.facts, agent);
    FAIRLEAD_CHECK(look_at_kube_proxy(tables, node));
    FAIRLEAD_CHECK(look_at_fairlead(tables, node.facts));
    return node;
}

}  // namespace fairlead::cli
