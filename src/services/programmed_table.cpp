#include "services/programmed_table.h"

#include <algorithm>

#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Family;
using base::Result;
using kernel::nftables::Element;
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
        const auto size = balancer_size(chain.name);
        if (!size) continue;
        if (chain != balancer_chain(*size) ||
            rules_of(contents, chain.name) != std::vector{balancer_rule(family, *size)})
            return false;
        table.balancers.try_emplace(*size, 0);
    }
    std::erase_if(contents.chains, [](const auto& chain) { return balancer_size(chain.name).has_value(); });
    std::erase_if(contents.rules, [](const auto& rule) { return balancer_size(rule.chain).has_value(); });
    return true;
}

bool has_our_layout(const TableContents& contents, Family family) {
    const auto wanted = layout(family);
    if (contents.table != wanted.table || !same_in_any_order(contents.sets, wanted.sets) ||
        !same_in_any_order(contents.chains, wanted.chains) || contents.rules.size() != wanted.rules.size())
        return false;
    return std::ranges::all_of(wanted.chains, [&](const auto& chain) {
        return rules_of(contents, chain.name) == rules_of(wanted, chain.name);
    });
}

class ElementsReader {
  public:
    ElementsReader(NftTables& tables, Family family, ProgrammedTable& table)
        : tables_(tables), family_(family), table_(table) {}

    /// False if an element is not as we write them.
    Result<bool> read() {
        FAIRLEAD_CHECK(read_frontends());
        FAIRLEAD_CHECK(read_balancers());
        FAIRLEAD_CHECK(read_unserved(kNoEndpoints, Unserved::kRejected));
        FAIRLEAD_CHECK(read_unserved(kDropped, Unserved::kDropped));
        FAIRLEAD_CHECK(read_addresses(kClusterIps, address_element, table_.cluster_ips));
        FAIRLEAD_CHECK(read_addresses(kHairpin, hairpin_element, table_.hairpins));
        FAIRLEAD_CHECK(read_ranges(kServiceCidrs, table_.service_cidrs));
        FAIRLEAD_CHECK(read_ranges(kPodCidrs, table_.pod_cidrs));
        return ours_;
    }

  private:
    Result<void> read_frontends() {
        FAIRLEAD_CHECK(read_set(
            kFrontends, [&] { counts_.clear(); }, [&](const Element& element) { take_frontend(element); }));
        return read_set(
            kEndpoints, [&] { table_.frontends.clear(); },
            [&](const Element& element) { take_endpoint(element); });
    }

    /// After the frontends with endpoints, which are counted by balancer, and before those without.
    Result<void> read_balancers() {
        ours_ = check_frontends() && ours_;
        absl::flat_hash_set<std::uint32_t> reachable;
        FAIRLEAD_CHECK(read_set(
            kBalancers, [&] { reachable.clear(); },
            [&](const Element& element) { take_balancer(element, reachable); }));
        unlink_unreachable(reachable);
        return {};
    }

    Result<void> read_unserved(std::string_view set, Unserved unserved) {
        std::vector<Frontend> frontends;
        FAIRLEAD_CHECK(read_set(
            set, [&] { frontends.clear(); },
            [&](const Element& element) {
                if (const auto frontend = frontend_of(element.key, family_)) frontends.push_back(*frontend);
            }));
        for (const auto& frontend : frontends)
            ours_ = table_.frontends.try_emplace(frontend, Backing{{}, unserved}).second && ours_;
        return {};
    }

    template <class Restart, class Visit>
    Result<void> read_set(std::string_view set, Restart restart, Visit visit) {
        return tables_.read_elements(family_, kTableName, set, restart, visit);
    }

    Result<void> read_addresses(std::string_view set, Element (*element_of)(const base::IpAddress&),
                                absl::flat_hash_set<base::IpAddress>& addresses) {
        return read_set(
            set, [&] { addresses.clear(); },
            [&](const Element& element) {
                const auto address = address_of(element.key, family_);
                if (address && element == element_of(*address))
                    addresses.insert(*address);
                else
                    ours_ = false;
            });
    }

    Result<void> read_ranges(std::string_view set, std::vector<Element>& ranges) {
        return read_set(
            set, [&] { ranges.clear(); }, [&](Element element) { ranges.push_back(std::move(element)); });
    }

    void take_frontend(const Element& element) {
        const auto frontend = frontend_of(element.key, family_);
        constexpr std::size_t kTwoNumbersBytes = 8;
        if (!frontend || element.data.bytes().size() != kTwoNumbersBytes) return;
        kernel::nftables::ElementReader numbers{element.data};
        const auto count = numbers.number();
        if (numbers.number() != count || count == 0) ours_ = false;
        counts_[*frontend] = count;
    }

    void take_endpoint(const Element& element) {
        constexpr std::uint32_t kLargestIndex = 1U << 20U;
        const auto place = endpoint_of(element, family_);
        if (!place || place->index >= kLargestIndex) {
            ours_ = false;
            return;
        }
        auto& backends = table_.frontends[place->frontend].backends;
        if (const auto counted = counts_.find(place->frontend); counted != counts_.end())
            backends.reserve(counted->second);
        if (backends.size() <= place->index) backends.resize(place->index + 1);
        backends[place->index] = place->backend;
    }

    void take_balancer(const Element& element, absl::flat_hash_set<std::uint32_t>& reachable) {
        const auto size = balancer_size(element.verdict_chain);
        if (size && element == balancer_element(*size))
            reachable.insert(*size);
        else
            ours_ = false;
    }

    /// Every frontend has as many endpoints as it says, without gaps, and a balancer of that size.
    bool check_frontends() {
        if (counts_.size() != table_.frontends.size()) return false;
        for (const auto& [frontend, backing] : table_.frontends) {
            const auto& backends = backing.backends;
            const auto counted = counts_.find(frontend);
            if (counted == counts_.end() || counted->second != backends.size()) return false;
            if (std::ranges::any_of(backends, [](const Backend& backend) { return backend.port == 0; }))
                return false;
            const auto balancer = table_.balancers.find(counted->second);
            if (balancer == table_.balancers.end()) return false;
            ++balancer->second;
        }
        return true;
    }

    void unlink_unreachable(const absl::flat_hash_set<std::uint32_t>& reachable) {
        for (const auto& [size, users] : table_.balancers) {
            if (reachable.contains(size)) continue;
            ours_ = ours_ && users == 0;
            table_.unlinked_balancers.insert(size);
        }
        for (const auto size : table_.unlinked_balancers)
            table_.balancers.erase(size);
    }

    NftTables& tables_;
    Family family_;
    ProgrammedTable& table_;
    absl::flat_hash_map<Frontend, std::uint32_t> counts_;
    bool ours_ = true;
};

}  // namespace

Result<ReadBack> read_back(NftTables& tables, Family family) {
    ReadBack result;
    FAIRLEAD_TRY(auto contents, tables.read_table(family, kTableName));
    if (!contents) return result;
    result.state = KernelState::kForeign;
    if (!take_balancers(*contents, family, result.table) || !has_our_layout(*contents, family)) {
        result.table = {};
        return result;
    }
    FAIRLEAD_TRY(const bool ours, (ElementsReader{tables, family, result.table}.read()));
    if (ours)
        result.state = KernelState::kOurs;
    else
        result.table = {};
    return result;
}

}  // namespace fairlead::services
