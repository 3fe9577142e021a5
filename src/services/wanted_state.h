#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <map>
#include <optional>
#include <vector>

#include "services/frontend.h"
#include "services/service_catalog.h"

namespace fairlead::services {

/// A frontend that two Services claim. The lower FrontendKind has it, then the one whose namespace/name sorts
/// first.
struct Conflict {
    Frontend frontend;
    kube::ObjectKey owner;
    kube::ObjectKey loser;
};

/// An address of a Service or of one of its endpoints that may not be used: see is_routable.
struct Refusal {
    kube::ObjectKey service;
    base::IpAddress address;
};

/// What all Services together want of one family's table, and what of it changed since it was last written.
///
/// Services are put in one by one, as compiled. A frontend belongs to one Service at a time; an address may
/// be wanted by several.
class WantedState {
  public:
    explicit WantedState(const ServiceCatalog& catalog) : catalog_(catalog) {}

    /// Replaces what a Service wants. Returns the Services that have to be put again because a frontend
    /// became free.
    std::vector<ServiceId> put(ServiceId id, CompiledService compiled);

    /// Makes every address and idle endpoint count as changed; frontends are marked by putting their Services
    /// again.
    void mark_addresses_changed();

    /// Every frontend that is wanted is among the changed ones: none of them was written yet.
    [[nodiscard]] bool all_frontends_changed() const;

    /// Changed frontends with what stands behind them; nullopt: gone. Whoever has written one erases it.
    absl::flat_hash_map<Frontend, std::optional<Backing>>& changed_frontends() { return changed_frontends_; }
    absl::flat_hash_set<base::IpAddress>& changed_cluster_ips() { return cluster_ips_.changed; }
    absl::flat_hash_set<base::IpAddress>& changed_hairpins() { return hairpins_.changed; }
    absl::flat_hash_set<ServiceEndpoint>& changed_idle_endpoints() { return idle_endpoints_.changed; }

    [[nodiscard]] bool has_changes() const {
        return !changed_frontends_.empty() || !cluster_ips_.changed.empty() || !hairpins_.changed.empty() ||
               !idle_endpoints_.changed.empty();
    }

    [[nodiscard]] bool wants_frontend(const Frontend& frontend) const { return owners_.contains(frontend); }
    [[nodiscard]] bool wants_cluster_ip(const base::IpAddress& address) const {
        return cluster_ips_.counts.contains(address);
    }
    [[nodiscard]] bool wants_hairpin(const base::IpAddress& address) const {
        return hairpins_.counts.contains(address);
    }
    [[nodiscard]] bool wants_idle_endpoint(const ServiceEndpoint& endpoint) const {
        return idle_endpoints_.counts.contains(endpoint);
    }
    /// The Service that a frontend belongs to, or nullopt.
    [[nodiscard]] std::optional<ServiceId> owner(const Frontend& frontend) const;
    [[nodiscard]] std::vector<Conflict> conflicts() const;
    [[nodiscard]] std::vector<Refusal> refusals() const;

  private:
    /// What several Services may want at the same time.
    template <class Key>
    struct Counted {
        absl::flat_hash_map<Key, std::uint32_t> counts;
        absl::flat_hash_set<Key> changed;

        void replace(const std::vector<Key>& before, const std::vector<Key>& after);
        void mark_changed();
    };
    /// What was put last for a Service, without the backends.
    struct Claims {
        std::vector<Frontend> frontends;
        std::vector<base::IpAddress> cluster_ips;
        std::vector<base::IpAddress> local_backends;
    };

    struct Claimant {
        ServiceId id = 0;
        FrontendKind kind = FrontendKind::kClusterIp;
    };

    void release(ServiceId id, const Frontend& frontend, std::vector<ServiceId>& again);
    void forget_loss(ServiceId id, const Frontend& frontend);
    [[nodiscard]] bool goes_before(const Claimant& a, const Claimant& b) const;
    /// True if the Service has the frontend now. Services whose claim must be looked at anew, because this
    /// one has a weaker claim than before, are added to `again`.
    bool claim(Claimant claimant, const Frontend& frontend, std::vector<ServiceId>& again);
    void put_idle_endpoints(ServiceId id, std::vector<ServiceEndpoint> endpoints);

    const ServiceCatalog& catalog_;
    absl::flat_hash_map<ServiceId, Claims> claims_;
    absl::flat_hash_map<Frontend, Claimant> owners_;
    std::multimap<Frontend, ServiceId> losers_;  // few or none
    Counted<base::IpAddress> cluster_ips_;
    Counted<base::IpAddress> hairpins_;
    Counted<ServiceEndpoint> idle_endpoints_;
    absl::flat_hash_map<ServiceId, std::vector<ServiceEndpoint>> idle_endpoints_of_;  // few or none
    absl::flat_hash_map<ServiceId, std::vector<base::IpAddress>> refused_;            // few or none
    absl::flat_hash_map<Frontend, std::optional<Backing>> changed_frontends_;
};

}  // namespace fairlead::services
