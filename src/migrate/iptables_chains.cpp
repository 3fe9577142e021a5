#include "migrate/iptables_chains.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace fairlead::migrate {

namespace {

// pkg/proxy/iptables of Kubernetes 1.37; KUBE-MARK-DROP and KUBE-FW-* are of versions before 1.27.
constexpr std::string_view kChains[] = {"KUBE-SERVICES",       "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS",
                                        "KUBE-POSTROUTING",    "KUBE-FORWARD",           "KUBE-MARK-MASQ",
                                        "KUBE-PROXY-FIREWALL", "KUBE-PROXY-CANARY",      "KUBE-MARK-DROP"};
constexpr std::string_view kPrefixes[] = {"KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-",
                                          "KUBE-SEP-", "KUBE-FW-",  "KUBE-XLB-"};
// What rules of built-in chains lead to; the others are reached from these only.
constexpr std::string_view kEntrances[] = {"KUBE-SERVICES",  "KUBE-EXTERNAL-SERVICES",
                                           "KUBE-NODEPORTS", "KUBE-POSTROUTING",
                                           "KUBE-FORWARD",   "KUBE-PROXY-FIREWALL"};
constexpr std::string_view kPostrouting = "KUBE-POSTROUTING";

class TableRemoval {
  public:
    explicit TableRemoval(const IptablesTable& table) : table_(table) {
        for (const auto& chain : table.chains)
            if (is_kube_proxy_chain(chain)) going_.insert(chain);
        keep_what_others_use();
    }

    void add_to(IptablesRemoval& removal) const {
        if (going_.empty()) return;
        auto& script = removal.script;
        script += fmt::format("*{}\n", table_.name);
        // To name a chain empties it, so that none leads to another when they go.
        for (const auto& chain : going_)
            script += fmt::format(":{} - [0:0]\n", chain);
        for (const auto& rule : table_.rules) {
            if (!goes(rule)) continue;
            ++removal.rule_count;
            if (!going_.contains(rule.chain)) script += fmt::format("-D {} {}\n", rule.chain, rule.text);
        }
        for (const auto& chain : going_)
            script += fmt::format("-X {}\n", chain);
        script += "COMMIT\n";
        removal.chain_count += going_.size();
    }

    [[nodiscard]] const std::vector<std::string>& kept() const { return kept_; }

  private:
    /// Kube-proxy's own way in: a rule of a built-in chain to one of the entrances.
    [[nodiscard]] bool enters(const IptablesRule& rule) const {
        return table_.policies.contains(rule.chain) &&
               std::ranges::find(kEntrances, rule.target()) != std::end(kEntrances);
    }

    [[nodiscard]] bool goes(const IptablesRule& rule) const {
        return going_.contains(rule.chain) || (enters(rule) && going_.contains(std::string(rule.target())));
    }

    void keep_what_others_use() {
        for (const auto& rule : table_.rules) {
            const bool others = !is_kube_proxy_chain(rule.chain) && !enters(rule);
            if (others && going_.contains(std::string(rule.target())))
                keep(std::string(rule.target()), fmt::format("-A {} {}", rule.chain, rule.text));
        }
    }

    void keep(const std::string& chain, const std::string& why) {
        if (going_.erase(chain) == 0) return;
        kept_.push_back(fmt::format("{} in table {}, for: {}", chain, table_.name, why));
        if (chain == kMarkChain) keep(std::string(kPostrouting), why);
        for (const auto& rule : table_.rules)
            if (rule.chain == chain) keep(std::string(rule.target()), why);
    }

    const IptablesTable& table_;
    std::set<std::string> going_;
    std::vector<std::string> kept_;
};

}  // namespace

bool is_kube_proxy_chain(std::string_view name) {
    return std::ranges::find(kChains, name) != std::end(kChains) ||
           std::ranges::any_of(kPrefixes, [&](auto prefix) { return name.starts_with(prefix); });
}

IptablesRemoval plan_removal(const std::vector<IptablesTable>& tables) {
    IptablesRemoval removal;
    for (const auto& table : tables) {
        const TableRemoval of_table{table};
        of_table.add_to(removal);
        removal.kept.insert(removal.kept.end(), of_table.kept().begin(), of_table.kept().end());
    }
    return removal;
}

}  // namespace fairlead::migrate
