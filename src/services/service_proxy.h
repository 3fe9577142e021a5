#pragma once

#include <vector>

#include "kube/store.h"
#include "services/family_proxy.h"
#include "services/flow_watch.h"
#include "services/health_checks.h"
#include "services/localhost_ports.h"

namespace fairlead::services {

/// Services of the cluster as nftables state of this node, in both families.
///
/// stage() takes changes in, which is pure and cheap; sync() writes what they change in one family. The
/// caller decides when to sync, measures it, and tries again after an error. See docs/services.md.
class ServiceProxy {
  public:
    ServiceProxy(const Options& options, kernel::nftables::NftTables& tables);

    void stage(const kube::ChangeSet& changes);
    /// False if the options are those that it has.
    bool configure(const Options& options);
    /// Somebody else may have changed our tables: the next syncs read them back.
    void distrust_kernel();
    /// See FamilyProxy.
    base::Result<bool> look_for_features(base::Family family) { return of(family).look_for_features(); }
    base::Result<SyncReport> sync(base::Family family, base::TimePoint now) { return of(family).sync(now); }
    /// See FamilyProxy.
    base::Result<void> forget_connections(base::Family family,
                                          std::vector<kernel::nftables::Element> elements) {
        return of(family).forget_connections(std::move(elements));
    }

    [[nodiscard]] bool has_pending(base::Family family) const { return proxy(family).has_pending(); }
    /// Addresses whose flows may have become stale since the last call: look at them once both families are
    /// in the kernel.
    std::vector<WatchedAddress> take_watched_addresses();
    /// One of them as it is now; nullopt where its flows are none of our business any more.
    [[nodiscard]] std::optional<WatchedAddress> watched_address(const Frontend& frontend) const {
        return services::watched_address(catalog_, proxy(frontend.address.family()), frontend);
    }
    [[nodiscard]] const HealthChecks& health_checks() const { return health_checks_; }
    /// The localhost NodePorts, if they are not what the last call gave.
    std::optional<LocalhostPorts> take_localhost_ports() { return localhost_ports_.take_changed(); }
    [[nodiscard]] const ServiceCatalog& catalog() const { return catalog_; }
    [[nodiscard]] const FamilyProxy& proxy(base::Family family) const {
        return family == base::Family::kIpv4 ? ipv4_ : ipv6_;
    }

  private:
    FamilyProxy& of(base::Family family) { return family == base::Family::kIpv4 ? ipv4_ : ipv6_; }

    ServiceCatalog catalog_;
    FamilyProxy ipv4_;
    FamilyProxy ipv6_;
    HealthChecks health_checks_;
    LocalhostPortWatch localhost_ports_;
    FlowWatch flows_;
};

/// Empties the chains that translate new connections, in both families: another proxy gets them from now on.
/// What has been translated already is masqueraded as before. No error if there is no table.
base::Result<void> stop_translating(kernel::nftables::NftTables& tables);

/// Removes the tables of both families, whatever their layout, and nothing else. No error if they are not
/// there.
base::Result<void> remove_tables(kernel::nftables::NftTables& tables);

}  // namespace fairlead::services
