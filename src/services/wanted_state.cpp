#include "services/wanted_state.h"

#include <algorithm>
#include <tuple>

namespace fairlead::services {

template <class Key>
void WantedState::Counted<Key>::replace(const std::vector<Key>& before, const std::vector<Key>& after) {
    // Added first: what stays is never counted down to nothing.
    for (const auto& key : after)
        if (counts[key]++ == 0) changed.insert(key);
    for (const auto& key : before) {
        const auto counted = counts.find(key);
        if (--counted->second > 0) continue;
        counts.erase(counted);
        changed.insert(key);
    }
}

template <class Key>
void WantedState::Counted<Key>::mark_changed() {
    for (const auto& [key, count] : counts)
        changed.insert(key);
}

void WantedState::put_idle_endpoints(ServiceId id, std::vector<ServiceEndpoint> endpoints) {
    const auto known = idle_endpoints_of_.find(id);
    if (known == idle_endpoints_of_.end() && endpoints.empty()) return;
    idle_endpoints_.replace(
        known == idle_endpoints_of_.end() ? std::vector<ServiceEndpoint>{} : known->second, endpoints);
    if (endpoints.empty())
        idle_endpoints_of_.erase(known);
    else
        idle_endpoints_of_.insert_or_assign(id, std::move(endpoints));
}

void WantedState::forget_loss(ServiceId id, const Frontend& frontend) {
    const auto [first, last] = losers_.equal_range(frontend);
    const auto lost = std::find_if(first, last, [&](const auto& loser) { return loser.second == id; });
    if (lost != last) losers_.erase(lost);
}

void WantedState::release(ServiceId id, const Frontend& frontend, std::vector<ServiceId>& again) {
    const auto owner = owners_.find(frontend);
    if (owner == owners_.end() || owner->second.id != id) return forget_loss(id, frontend);
    owners_.erase(owner);
    changed_frontends_[frontend] = std::nullopt;
    const auto [first, last] = losers_.equal_range(frontend);
    for (auto loser = first; loser != last; ++loser)
        again.push_back(loser->second);
}

bool WantedState::goes_before(const Claimant& a, const Claimant& b) const {
    if (a.kind != b.kind) return a.kind < b.kind;
    return catalog_.entry(a.id).key < catalog_.entry(b.id).key;
}

bool WantedState::claim(Claimant claimant, const Frontend& frontend, std::vector<ServiceId>& again) {
    const auto owner = owners_.try_emplace(frontend, claimant).first;
    forget_loss(claimant.id, frontend);
    if (owner->second.id == claimant.id) {
        const bool weaker = owner->second.kind < claimant.kind;
        owner->second = claimant;
        const auto [first, last] = losers_.equal_range(frontend);
        for (auto loser = first; weaker && loser != last; ++loser)
            again.push_back(loser->second);
        return true;
    }
    const bool wins = goes_before(claimant, owner->second);
    losers_.emplace(frontend, wins ? owner->second.id : claimant.id);
    if (wins) owner->second = claimant;
    return wins;
}

std::vector<ServiceId> WantedState::put(ServiceId id, CompiledService compiled) {
    std::vector<ServiceId> again;
    Claims& claims = claims_[id];
    Claims before = std::move(claims);
    claims = {};
    for (const auto& frontend : before.frontends)
        if (!std::ranges::binary_search(compiled.frontends, frontend, {}, &BackedFrontend::frontend))
            release(id, frontend, again);
    for (auto& [frontend, backing, kind] : compiled.frontends) {
        claims.frontends.push_back(frontend);
        if (claim({id, kind}, frontend, again)) changed_frontends_[frontend] = std::move(backing);
    }
    cluster_ips_.replace(before.cluster_ips, compiled.cluster_ips);
    hairpins_.replace(before.local_backends, compiled.local_backends);
    put_idle_endpoints(id, std::move(compiled.idle_endpoints));
    claims.cluster_ips = std::move(compiled.cluster_ips);
    claims.local_backends = std::move(compiled.local_backends);
    if (compiled.refused.empty())
        refused_.erase(id);
    else
        refused_.insert_or_assign(id, std::move(compiled.refused));
    if (claims.frontends.empty() && claims.cluster_ips.empty()) claims_.erase(id);
    return again;
}

bool WantedState::all_frontends_changed() const {
    const auto changed =
        std::ranges::count_if(changed_frontends_, [](const auto& each) { return each.second.has_value(); });
    return static_cast<std::size_t>(changed) == owners_.size();
}

void WantedState::mark_addresses_changed() {
    cluster_ips_.mark_changed();
    hairpins_.mark_changed();
    idle_endpoints_.mark_changed();
}

std::optional<ServiceId> WantedState::owner(const Frontend& frontend) const {
    const auto owner = owners_.find(frontend);
    return owner == owners_.end() ? std::nullopt : std::optional{owner->second.id};
}

std::vector<Conflict> WantedState::conflicts() const {
    std::vector<Conflict> conflicts;
    for (const auto& [frontend, loser] : losers_)
        if (const auto owner = owners_.find(frontend); owner != owners_.end())
            conflicts.push_back({frontend, catalog_.entry(owner->second.id).key, catalog_.entry(loser).key});
    return conflicts;
}

std::vector<Refusal> WantedState::refusals() const {
    std::vector<Refusal> refusals;
    for (const auto& [id, addresses] : refused_)
        for (const auto& address : addresses)
            refusals.push_back({catalog_.entry(id).key, address});
    std::ranges::sort(refusals, {},
                      [](const Refusal& refusal) { return std::tie(refusal.service, refusal.address); });
    return refusals;
}

}  // namespace fairlead::services
