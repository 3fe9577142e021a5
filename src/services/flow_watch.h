#pragma once

#include <set>
#include <span>
#include <utility>
#include <vector>

#include "kube/store.h"
#include "services/family_proxy.h"

namespace fairlead::services {

/// An address of a Service, and from where answers to it may come. Conntrack remembers flows longer than
/// endpoints live: what answers from elsewhere is a black hole.
struct WatchedAddress {
    Frontend frontend;
    /// In any order; empty: nobody. UDP: endpoints that serve, also while they terminate. TCP: every endpoint
    /// that is still in a slice, in whatever condition.
    std::vector<Backend> may_answer;

    friend bool operator==(const WatchedAddress&, const WatchedAddress&) = default;
};

/// Collects the Services whose flows may have become stale: over UDP all that lost an endpoint that served,
/// got their first one, or changed themselves; over TCP those that want it (ServiceWishes::resets) and lost
/// an endpoint altogether.
class FlowWatch {
  public:
    void note(const kube::ChangeSet& changes);
    /// `proxy` is about to be configured so: frontends that it loses by that, as addresses of NodePorts do,
    /// are gone.
    void note_options(const ServiceCatalog& catalog, const FamilyProxy& proxy, const CompileOptions& options);

    /// The addresses of all that was noted, as they are now; also those that went. Forgets them.
    std::vector<WatchedAddress> take(const ServiceCatalog& catalog, const FamilyProxy& ipv4,
                                     const FamilyProxy& ipv6);

  private:
    void note_slice(const kube::Change<kube::EndpointSlice>& change);
    void note_service(const kube::Change<kube::Service>& change);

    std::set<std::pair<kube::ObjectKey, base::L4Protocol>> services_;
    std::vector<std::shared_ptr<const kube::Service>> gone_;  // as they were before they changed
    std::set<Frontend> gone_frontends_;
};

/// From where answers to an address may come as things are now; nullopt where its flows are none of our
/// business.
std::optional<WatchedAddress> watched_address(const ServiceCatalog& catalog, const FamilyProxy& proxy,
                                              const Frontend& frontend);

}  // namespace fairlead::services
