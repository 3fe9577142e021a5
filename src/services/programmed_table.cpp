#include "services/programmed_table.h"

#include <algorithm>

#include "services/elements_reader.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Family;
using base::Result;
using kernel::nftables::NftTables;
using kernel::nftables::TableContents;

template <class Value>
bool same_in_any_order(std::vector<Value> a, std::vector<Value> b) {
    return std::ranges::is_permutation(a, b);
}

/// The rules of one chain, in order.
std::vector<kernel::nftables::Rule> rules_of(const TableContents& contents, const std::string& chain) {
    std::vector<kernel::nftables::Rule> rules;
    std::ranges::copy_if(contents.rules, std::back_inserter(rules),
                         [&](const auto& rule) { return rule.chain == chain; });
    return rules;
}

/// Takes the balancers out of what was read; false if one of them is not as we make it.
bool take_balancers(TableContents& contents, Family family, ProgrammedTable& table) {
    for (const auto& chain : contents.chains) {
        const auto balancer = parse_balancer(chain.name);
        if (!balancer) continue;
        if (chain != balancer_chain(*balancer) ||
            rules_of(contents, chain.name) != balancer_rules(family, *balancer, table.features))
            return false;
        table.balancers.try_emplace(*balancer, 0);
    }
    std::erase_if(contents.chains, [](const auto& chain) { return parse_balancer(chain.name).has_value(); });
    std::erase_if(contents.rules, [](const auto& rule) { return parse_balancer(rule.chain).has_value(); });
    return true;
}

bool counts_connections(const TableContents& contents) {
    return std::ranges::any_of(contents.sets, [](const auto& set) { return set.name == kConnections; });
}

/// The guard that has the same rules; if there is none, any other makes the difference.
InvalidGuard guard_of(const TableContents& contents, Family family, const KernelFeatures& features) {
    for (const auto guard : {InvalidGuard::kEndpoints, InvalidGuard::kAll}) {
        const auto rules = adapted(guard_rules(family, guard), features);
        if (rules_of(contents, rules.front().chain) == std::vector{rules.front()}) return guard;
    }
    return InvalidGuard::kNone;
}

LayoutOptions options_of(const TableContents& contents, Family family, const KernelFeatures& features) {
    return {counts_connections(contents), guard_of(contents, family, features)};
}

bool has_our_layout(const TableContents& contents, Family family, const KernelFeatures& features) {
    const auto wanted = layout(family, options_of(contents, family, features), features);
    if (contents.table != wanted.table || !same_in_any_order(contents.sets, wanted.sets) ||
        !same_in_any_order(contents.chains, wanted.chains) || contents.rules.size() != wanted.rules.size())
        return false;
    return std::ranges::all_of(wanted.chains, [&](const auto& chain) {
        return rules_of(contents, chain.name) == rules_of(wanted, chain.name);
    });
}

}  // namespace

Result<ReadBack> read_back(NftTables& tables, Family family, const KernelFeatures& features) {
    ReadBack result;
    result.table.features = features;
    FAIRLEAD_TRY(auto contents, tables.read_table(family, kTableName));
    if (!contents) return result;
    result.state = KernelState::kForeign;
    if (!take_balancers(*contents, family, result.table) || !has_our_layout(*contents, family, features)) {
        result.table = {};
        result.table.features = features;
        return result;
    }
    result.table.layout = options_of(*contents, family, features);
    auto with_elements = result.table;
    FAIRLEAD_TRY(const bool ours, (ElementsReader{tables, family, with_elements}.read()));
    result.state = ours ? KernelState::kOurs : KernelState::kDamaged;
    if (ours) result.table = std::move(with_elements);
    return result;
}

}  // namespace fairlead::services
