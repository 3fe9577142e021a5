#include "services/change_taker.h"

#include <algorithm>

namespace fairlead::services {

void ChangeTaker::take() {
    chunk_.reserve_endpoints(std::min(limit_, changed_endpoints()));
    take_addresses(true);
    take_idle_endpoints(true);  // one that gets idle never leaves the set
    for (const auto& [frontend, backing] : wanted_.changed_frontends()) {
        if (full()) break;
        chunk_.set_frontend(frontend, backing);
        frontends_.push_back(frontend);
    }
    take_addresses(false);
    take_idle_endpoints(false);
}

std::size_t ChangeTaker::changed_endpoints() const {
    std::size_t count = 0;
    for (const auto& [frontend, backing] : wanted_.changed_frontends())
        if (backing) count += backing->endpoint_count();
    return count;
}

void ChangeTaker::forget() {
    if (frontends_.size() == wanted_.changed_frontends().size())
        wanted_.changed_frontends() = {};  // what the first sync grew to is not needed again
    for (const auto& frontend : frontends_)
        wanted_.changed_frontends().erase(frontend);
    for (const auto& address : cluster_ips_)
        wanted_.changed_cluster_ips().erase(address);
    for (const auto& address : hairpins_)
        wanted_.changed_hairpins().erase(address);
    for (const auto& endpoint : idle_endpoints_)
        wanted_.changed_idle_endpoints().erase(endpoint);
}

void ChangeTaker::take_addresses(bool wanted) {
    for (const auto& address : wanted_.changed_cluster_ips()) {
        if (full()) return;
        if (wanted_.wants_cluster_ip(address) != wanted) continue;
        chunk_.set_cluster_ip(address, wanted);
        cluster_ips_.push_back(address);
    }
    for (const auto& address : wanted_.changed_hairpins()) {
        if (full()) return;
        if (wanted_.wants_hairpin(address) != wanted) continue;
        chunk_.set_hairpin(address, wanted);
        hairpins_.push_back(address);
    }
}

void ChangeTaker::take_idle_endpoints(bool wanted) {
    for (const auto& endpoint : wanted_.changed_idle_endpoints()) {
        if (full()) return;
        if (wanted_.wants_idle_endpoint(endpoint) != wanted) continue;
        chunk_.set_idle_endpoint(endpoint, wanted);
        idle_endpoints_.push_back(endpoint);
    }
}

}  // namespace fairlead::services
