#include "services/chunk.h"

#include <algorithm>

#include "services/arrange.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using kernel::nftables::AddChain;
using kernel::nftables::AddElements;
using kernel::nftables::AddRule;
using kernel::nftables::DeleteElements;
using kernel::nftables::Element;
using kernel::nftables::Transaction;

std::uint32_t size_of(const std::vector<Backend>* backends) {
    return backends == nullptr ? 0 : static_cast<std::uint32_t>(backends->size());
}

void set_address(absl::flat_hash_set<base::IpAddress>& addresses, const base::IpAddress& address,
                 bool wanted) {
    if (wanted)
        addresses.insert(address);
    else
        addresses.erase(address);
}

}  // namespace

void Chunk::set_frontend(const Frontend& frontend, const std::optional<std::vector<Backend>>& wanted) {
    const auto known = programmed_.frontends.find(frontend);
    const auto* before = known == programmed_.frontends.end() ? nullptr : &known->second;
    if (before == nullptr && !wanted) return;
    std::optional<std::vector<Backend>> after;
    if (wanted) after = before == nullptr ? *wanted : arrange(*before, *wanted);
    if (before != nullptr && after && *before == *after) return;
    const auto* after_pointer = after ? &*after : nullptr;
    change_size(frontend, before, after_pointer);
    change_endpoints(frontend, before, after_pointer);
    frontends_.push_back({frontend, std::move(after)});
}

void Chunk::change_size(const Frontend& frontend, const std::vector<Backend>* before,
                        const std::vector<Backend>* after) {
    const std::uint32_t size_before = size_of(before);
    const std::uint32_t size_after = size_of(after);
    if (size_before != size_after && size_before > 0)
        frontend_elements_.deleted.push_back(frontend_element(frontend, size_before));
    if (size_before != size_after && size_after > 0)
        frontend_elements_.added.push_back(frontend_element(frontend, size_after));
    const bool rejected_before = before != nullptr && size_before == 0;
    const bool rejected_after = after != nullptr && size_after == 0;
    if (rejected_before && !rejected_after)
        no_endpoints_elements_.deleted.push_back(no_endpoints_element(frontend));
    if (!rejected_before && rejected_after)
        no_endpoints_elements_.added.push_back(no_endpoints_element(frontend));
    if (size_after > 0 && !programmed_.balancers.contains(size_after)) new_balancers_.insert(size_after);
}

void Chunk::change_endpoints(const Frontend& frontend, const std::vector<Backend>* before,
                             const std::vector<Backend>* after) {
    for (std::uint32_t i = 0; i < std::max(size_of(before), size_of(after)); ++i) {
        const auto* old_backend = i < size_of(before) ? &(*before)[i] : nullptr;
        const auto* new_backend = i < size_of(after) ? &(*after)[i] : nullptr;
        if (old_backend != nullptr && new_backend != nullptr && *old_backend == *new_backend) continue;
        if (old_backend != nullptr)
            endpoint_elements_.deleted.push_back(endpoint_element(frontend, i, *old_backend));
        if (new_backend != nullptr)
            endpoint_elements_.added.push_back(endpoint_element(frontend, i, *new_backend));
    }
}

void Chunk::set_cluster_ip(const base::IpAddress& address, bool wanted) {
    if (programmed_.cluster_ips.contains(address) == wanted) return;
    (wanted ? cluster_ip_elements_.added : cluster_ip_elements_.deleted).push_back(address_element(address));
    cluster_ips_.push_back({address, wanted});
}

void Chunk::set_hairpin(const base::IpAddress& address, bool wanted) {
    if (programmed_.hairpins.contains(address) == wanted) return;
    (wanted ? hairpin_elements_.added : hairpin_elements_.deleted).push_back(hairpin_element(address));
    hairpins_.push_back({address, wanted});
}

std::size_t Chunk::element_count() const {
    std::size_t count = 0;
    for (const auto* changes : {&frontend_elements_, &no_endpoints_elements_, &endpoint_elements_,
                                &cluster_ip_elements_, &hairpin_elements_})
        count += changes->added.size() + changes->deleted.size();
    return count;
}

void Chunk::append_balancers_to(Transaction& transaction) {
    std::vector<Element> elements;
    for (const auto size : new_balancers_) {
        if (!programmed_.unlinked_balancers.contains(size)) {
            transaction.add(AddChain{balancer_chain(size)});
            transaction.add(AddRule{balancer_rule(family_, size)});
        }
        elements.push_back(balancer_element(size));
    }
    if (!elements.empty()) transaction.add(AddElements{std::string(kBalancers), std::move(elements)});
}

void Chunk::append_to(Transaction& transaction) {
    append_balancers_to(transaction);
    const std::pair<std::string_view, ElementChanges*> sets[] = {{kFrontends, &frontend_elements_},
                                                                 {kNoEndpoints, &no_endpoints_elements_},
                                                                 {kEndpoints, &endpoint_elements_},
                                                                 {kClusterIps, &cluster_ip_elements_},
                                                                 {kHairpin, &hairpin_elements_}};
    for (const auto& [set, changes] : sets)
        if (!changes->deleted.empty())
            transaction.add(DeleteElements{std::string(set), std::move(changes->deleted)});
    for (const auto& [set, changes] : sets)
        if (!changes->added.empty())
            transaction.add(AddElements{std::string(set), std::move(changes->added)});
}

void Chunk::apply_to(ProgrammedTable& programmed) {
    for (const auto size : new_balancers_) {
        programmed.balancers.try_emplace(size, 0);
        programmed.unlinked_balancers.erase(size);
    }
    for (auto& [frontend, backends] : frontends_) {
        auto known = programmed.frontends.find(frontend);
        if (known != programmed.frontends.end() && !known->second.empty())
            --programmed.balancers[static_cast<std::uint32_t>(known->second.size())];
        if (!backends) {
            programmed.frontends.erase(known);
            continue;
        }
        if (!backends->empty()) ++programmed.balancers[static_cast<std::uint32_t>(backends->size())];
        programmed.frontends.insert_or_assign(frontend, std::move(*backends));
    }
    for (const auto& [address, wanted] : cluster_ips_)
        set_address(programmed.cluster_ips, address, wanted);
    for (const auto& [address, wanted] : hairpins_)
        set_address(programmed.hairpins, address, wanted);
}

}  // namespace fairlead::services
