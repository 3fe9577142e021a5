#include "services/chunk.h"

#include <algorithm>

#include "services/arrange.h"
#include "services/consistent_hash.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using kernel::nftables::AddChain;
using kernel::nftables::AddElements;
using kernel::nftables::AddRule;
using kernel::nftables::DeleteElements;
using kernel::nftables::Element;
using kernel::nftables::Transaction;

std::span<const Backend> backends_of(const Backing* backing, Origin origin) {
    const auto* backends = backing == nullptr ? nullptr : backing->backends_for(origin);
    return backends == nullptr ? std::span<const Backend>{} : *backends;
}

/// What stands at each index: the backends as they are arranged, or the owners of the slots, which are put
/// into `slots`.
std::span<const Backend> places_of(const Backing* backing, Origin origin, std::vector<Backend>& slots) {
    const auto backends = backends_of(backing, origin);
    if (backing == nullptr || !backing->consistent) return backends;
    return slots = slots_of(backends);
}

std::optional<Balancer> balancer_of(const Backing* backing, Origin origin) {
    return backing == nullptr ? std::nullopt : services::balancer_of(*backing, origin);
}

bool is_sticky(const Backing* backing) {
    return backing != nullptr && backing->affinity_timeout_s > 0;
}

/// The backends that clients may keep, sorted.
std::vector<Backend> kept_backends(const Backing* backing, Origin origin) {
    if (!is_sticky(backing)) return {};
    const auto backends = backends_of(backing, origin);
    std::vector<Backend> kept(backends.begin(), backends.end());
    std::ranges::sort(kept);
    return kept;
}

template <class Key>
void set_member(absl::flat_hash_set<Key>& keys, const Key& key, bool wanted) {
    if (wanted)
        keys.insert(key);
    else
        keys.erase(key);
}

void arrange_after(const Backing& before, Backing& after) {
    if (after.consistent) return;  // their slots have places of their own
    after.backends = arrange(before.backends, after.backends);
    if (before.outside_backends && after.outside_backends)
        after.outside_backends = arrange(*before.outside_backends, *after.outside_backends);
}

}  // namespace

void Chunk::reserve_endpoints(std::size_t count) {
    elements_[kEndpoints].added.reserve(count);
    if (guards_) elements_[kServiceEndpoints].added.reserve(count);
}

void Chunk::set_frontend(const Frontend& frontend, const std::optional<Backing>& wanted) {
    const auto known = programmed_.frontends.find(frontend);
    const auto* before = known == programmed_.frontends.end() ? nullptr : &known->second;
    std::optional<Backing> arranged = wanted;
    if (before != nullptr && arranged) arrange_after(*before, *arranged);
    const auto* after = arranged ? &*arranged : nullptr;
    if (before == after || (before != nullptr && after != nullptr && *before == *after)) return;
    for (const auto origin : kOrigins) {
        change_balancer(frontend, origin, before, after);
        change_endpoints(frontend, origin, before, after);
        change_alive(frontend, origin, before, after);
        change_users(frontend, origin, before, after);
    }
    change_marks(frontend, before, after);
    frontends_.push_back({frontend, std::move(arranged)});
}

void Chunk::change_balancer(const Frontend& frontend, Origin origin, const Backing* before,
                            const Backing* after) {
    const auto was = balancer_of(before, origin);
    const auto will_be = balancer_of(after, origin);
    if (was == will_be) return;
    if (was) delete_from(frontends_of(origin), frontend_element(frontend, *was));
    if (!will_be) return;
    add_to(frontends_of(origin), frontend_element(frontend, *will_be));
    if (!programmed_.balancers.contains(*will_be)) new_balancers_.insert(*will_be);
}

void Chunk::change_endpoints(const Frontend& frontend, Origin origin, const Backing* before,
                             const Backing* after) {
    const bool was_sticky = is_sticky(before);
    const bool will_be_sticky = is_sticky(after);
    std::vector<Backend> old_slots;
    std::vector<Backend> new_slots;
    const auto old_backends = places_of(before, origin, old_slots);
    const auto new_backends = places_of(after, origin, new_slots);
    auto& deleted = elements_[endpoints_of(origin, was_sticky)].deleted;
    auto& added = elements_[endpoints_of(origin, will_be_sticky)].added;
    const auto changed_before = deleted.size() + added.size();
    for (std::size_t i = 0; i < std::max(old_backends.size(), new_backends.size()); ++i) {
        const bool was = i < old_backends.size();
        const bool will_be = i < new_backends.size();
        if (was && will_be && was_sticky == will_be_sticky && old_backends[i] == new_backends[i]) continue;
        const auto index = static_cast<std::uint32_t>(i);
        if (was) deleted.push_back(endpoint_element(frontend, index, old_backends[i], was_sticky));
        if (will_be) added.push_back(endpoint_element(frontend, index, new_backends[i], will_be_sticky));
    }
    element_count_ += deleted.size() + added.size() - changed_before;
}

void Chunk::change_alive(const Frontend& frontend, Origin origin, const Backing* before,
                         const Backing* after) {
    const auto was = kept_backends(before, origin);
    const auto will_be = kept_backends(after, origin);
    std::vector<Backend> differing;
    std::ranges::set_difference(was, will_be, std::back_inserter(differing));
    for (const auto& backend : std::exchange(differing, {}))
        delete_from(alive_of(origin), alive_element(frontend, backend));
    std::ranges::set_difference(will_be, was, std::back_inserter(differing));
    for (const auto& backend : differing)
        add_to(alive_of(origin), alive_element(frontend, backend));
}

void Chunk::change_users(const Frontend& frontend, Origin origin, const Backing* before,
                         const Backing* after) {
    const auto was = backends_of(before, origin);
    const auto will_be = backends_of(after, origin);
    const auto endpoint_of = [&](const Backend& backend) {
        return ServiceEndpoint{backend.address, frontend.protocol, backend.port};
    };
    for (std::size_t i = 0; i < std::max(was.size(), will_be.size()); ++i) {
        if (i < was.size() && i < will_be.size() && was[i] == will_be[i]) continue;
        if (i < was.size()) add_users(endpoint_of(was[i]), -1);
        if (i < will_be.size()) add_users(endpoint_of(will_be[i]), +1);
    }
}

void Chunk::add_users(const ServiceEndpoint& endpoint, std::int32_t change) {
    const auto [known, added] = users_.try_emplace(endpoint);
    auto& users = known->second;
    if (added) users.before = users.after = programmed_users(endpoint);
    const bool counted = guards_ && users.come_or_go();
    users.after += change;
    const bool counts = guards_ && users.come_or_go();
    if (counts && !counted) ++element_count_;
    if (counted && !counts) --element_count_;
}

std::int32_t Chunk::programmed_users(const ServiceEndpoint& endpoint) const {
    const auto known = programmed_.endpoint_users.find(endpoint);
    return known == programmed_.endpoint_users.end() ? 0 : static_cast<std::int32_t>(known->second);
}

void Chunk::take_guard_changes() {
    if (!guards_) return;
    auto& [deleted, added] = elements_[kServiceEndpoints];
    for (const auto& [endpoint, users] : users_)
        if (users.come_or_go())
            (users.after > 0 ? added : deleted).push_back(service_endpoint_element(endpoint));
}

void Chunk::change_marks(const Frontend& frontend, const Backing* before, const Backing* after) {
    const auto marks = [&](const Backing* backing) {
        return backing == nullptr ? std::vector<FrontendMark>{} : marks_of(frontend, *backing);
    };
    const auto was = marks(before);
    const auto will_be = marks(after);
    std::vector<FrontendMark> differing;
    std::ranges::set_difference(was, will_be, std::back_inserter(differing));
    for (auto& mark : std::exchange(differing, {}))
        delete_from(mark.set, std::move(mark.element));
    std::ranges::set_difference(will_be, was, std::back_inserter(differing));
    for (auto& mark : differing)
        add_to(mark.set, std::move(mark.element));
}

void Chunk::set_cluster_ip(const base::IpAddress& address, bool wanted) {
    if (programmed_.cluster_ips.contains(address) == wanted) return;
    if (wanted)
        add_to(kClusterIps, address_element(address));
    else
        delete_from(kClusterIps, address_element(address));
    cluster_ips_.push_back({address, wanted});
}

void Chunk::set_hairpin(const base::IpAddress& address, bool wanted) {
    if (programmed_.hairpins.contains(address) == wanted) return;
    if (wanted)
        add_to(kHairpin, hairpin_element(address));
    else
        delete_from(kHairpin, hairpin_element(address));
    hairpins_.push_back({address, wanted});
}

void Chunk::set_idle_endpoint(const ServiceEndpoint& endpoint, bool wanted) {
    if (programmed_.idle_endpoints.contains(endpoint) == wanted) return;
    add_users(endpoint, wanted ? +1 : -1);
    idle_endpoints_.push_back({endpoint, wanted});
}

void Chunk::add_to(std::string_view set, Element element) {
    elements_[set].added.push_back(std::move(element));
    ++element_count_;
}

void Chunk::delete_from(std::string_view set, Element element) {
    elements_[set].deleted.push_back(std::move(element));
    ++element_count_;
}

void Chunk::append_balancers_to(Transaction& transaction) {
    for (const auto& balancer : new_balancers_) {
        if (!programmed_.unlinked_balancers.contains(balancer)) {
            transaction.add(AddChain{balancer_chain(balancer)});
            for (auto& rule : balancer_rules(family_, balancer, programmed_.features))
                transaction.add(AddRule{std::move(rule)});
        }
        transaction.add_element(balancers_of(balancer.origin), balancer_element(balancer));
    }
}

void Chunk::append_to(Transaction& transaction) {
    append_balancers_to(transaction);
    append_elements_to(transaction);
}

void Chunk::append_elements_to(Transaction& transaction) {
    take_guard_changes();
    for (auto& [set, changes] : elements_)
        if (!changes.deleted.empty())
            transaction.add(DeleteElements{std::string(set), std::move(changes.deleted)});
    for (auto& [set, changes] : elements_)
        if (!changes.added.empty()) transaction.add(AddElements{std::string(set), std::move(changes.added)});
}

void Chunk::apply_to(ProgrammedTable& programmed) {
    for (const auto& balancer : new_balancers_) {
        programmed.balancers.try_emplace(balancer, 0);
        programmed.unlinked_balancers.erase(balancer);
    }
    for (auto& [frontend, backing] : frontends_) {
        auto known = programmed.frontends.find(frontend);
        const auto* before = known == programmed.frontends.end() ? nullptr : &known->second;
        const auto* after = backing ? &*backing : nullptr;
        if (before != nullptr) programmed.endpoint_count -= before->endpoint_count();
        if (after != nullptr) programmed.endpoint_count += after->endpoint_count();
        for (const auto origin : kOrigins) {
            if (const auto was = balancer_of(before, origin)) --programmed.balancers[*was];
            if (const auto will_be = balancer_of(after, origin)) ++programmed.balancers[*will_be];
        }
        if (backing)
            programmed.frontends.insert_or_assign(frontend, std::move(*backing));
        else
            programmed.frontends.erase(known);
    }
    for (const auto& [address, wanted] : cluster_ips_)
        set_member(programmed.cluster_ips, address, wanted);
    for (const auto& [address, wanted] : hairpins_)
        set_member(programmed.hairpins, address, wanted);
    for (const auto& [endpoint, wanted] : idle_endpoints_)
        set_member(programmed.idle_endpoints, endpoint, wanted);
    for (const auto& [endpoint, users] : users_) {
        if (users.after > 0)
            programmed.endpoint_users.insert_or_assign(endpoint, static_cast<std::uint32_t>(users.after));
        else
            programmed.endpoint_users.erase(endpoint);
    }
}

}  // namespace fairlead::services
