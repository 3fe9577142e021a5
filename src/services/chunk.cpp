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

std::span<const Backend> backends_of(const Backing* backing) {
    return backing == nullptr ? std::span<const Backend>{} : backing->backends;
}

std::uint32_t size_of(std::span<const Backend> backends) {
    return static_cast<std::uint32_t>(backends.size());
}

/// Whether the frontend is in the set of those that are treated so.
bool is_unserved(const Backing* backing, Unserved how) {
    return backing != nullptr && backing->backends.empty() && backing->unserved == how;
}

void set_address(absl::flat_hash_set<base::IpAddress>& addresses, const base::IpAddress& address,
                 bool wanted) {
    if (wanted)
        addresses.insert(address);
    else
        addresses.erase(address);
}

}  // namespace

void Chunk::set_frontend(const Frontend& frontend, const std::optional<Backing>& wanted) {
    const auto known = programmed_.frontends.find(frontend);
    const auto* before = known == programmed_.frontends.end() ? nullptr : &known->second;
    std::optional<Backing> after = wanted;
    if (before != nullptr && after) after->backends = arrange(before->backends, wanted->backends);
    const auto* after_pointer = after ? &*after : nullptr;
    if (before == after_pointer || (before != nullptr && after && *before == *after)) return;
    change_size(frontend, size_of(backends_of(before)), size_of(backends_of(after_pointer)));
    change_unserved(frontend, before, after_pointer);
    change_endpoints(frontend, backends_of(before), backends_of(after_pointer));
    frontends_.push_back({frontend, std::move(after)});
}

void Chunk::change_size(const Frontend& frontend, std::uint32_t before, std::uint32_t after) {
    if (before == after) return;
    if (before > 0) frontend_elements_.deleted.push_back(frontend_element(frontend, before));
    if (after == 0) return;
    frontend_elements_.added.push_back(frontend_element(frontend, after));
    if (!programmed_.balancers.contains(after)) new_balancers_.insert(after);
}

void Chunk::change_unserved(const Frontend& frontend, const Backing* before, const Backing* after) {
    for (const auto& [how, elements] : {std::pair{Unserved::kRejected, &no_endpoints_elements_},
                                        {Unserved::kDropped, &dropped_elements_}}) {
        const bool was = is_unserved(before, how);
        const bool will_be = is_unserved(after, how);
        if (was && !will_be) elements->deleted.push_back(unserved_element(frontend));
        if (!was && will_be) elements->added.push_back(unserved_element(frontend));
    }
}

void Chunk::change_endpoints(const Frontend& frontend, std::span<const Backend> before,
                             std::span<const Backend> after) {
    for (std::uint32_t i = 0; i < std::max(size_of(before), size_of(after)); ++i) {
        const bool was = i < size_of(before);
        const bool will_be = i < size_of(after);
        if (was && will_be && before[i] == after[i]) continue;
        if (was) endpoint_elements_.deleted.push_back(endpoint_element(frontend, i, before[i]));
        if (will_be) endpoint_elements_.added.push_back(endpoint_element(frontend, i, after[i]));
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
    for (const auto* changes : {&frontend_elements_, &no_endpoints_elements_, &dropped_elements_,
                                &endpoint_elements_, &cluster_ip_elements_, &hairpin_elements_})
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
    const std::pair<std::string_view, ElementChanges*> sets[] = {
        {kFrontends, &frontend_elements_},    {kNoEndpoints, &no_endpoints_elements_},
        {kDropped, &dropped_elements_},       {kEndpoints, &endpoint_elements_},
        {kClusterIps, &cluster_ip_elements_}, {kHairpin, &hairpin_elements_}};
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
    for (auto& [frontend, backing] : frontends_) {
        auto known = programmed.frontends.find(frontend);
        if (known != programmed.frontends.end() && !known->second.backends.empty())
            --programmed.balancers[size_of(known->second.backends)];
        if (!backing) {
            programmed.frontends.erase(known);
            continue;
        }
        if (!backing->backends.empty()) ++programmed.balancers[size_of(backing->backends)];
        programmed.frontends.insert_or_assign(frontend, std::move(*backing));
    }
    for (const auto& [address, wanted] : cluster_ips_)
        set_address(programmed.cluster_ips, address, wanted);
    for (const auto& [address, wanted] : hairpins_)
        set_address(programmed.hairpins, address, wanted);
}

}  // namespace fairlead::services
