#pragma once

#include <set>
#include <vector>

#include "kube/store.h"
#include "services/family_proxy.h"

namespace fairlead::services {

/// A UDP address of a Service, and from where answers to it may come. Conntrack remembers flows longer than
/// endpoints live: what answers from elsewhere is a black hole.
struct UdpAddress {
    Frontend frontend;
    /// Endpoints that serve, also while they terminate, in any order; empty: nobody does.
    std::vector<Backend> may_answer;
};

/// Collects the Services whose UDP flows may have become stale: those that lost an endpoint that served, got
/// their first one, or changed themselves.
class UdpWatch {
  public:
    void note(const kube::ChangeSet& changes);
    [[nodiscard]] bool empty() const { return services_.empty() && gone_.empty(); }

    /// The UDP addresses of all that was noted, as they are now; also those that went. Forgets them.
    std::vector<UdpAddress> take(const ServiceCatalog& catalog, const FamilyProxy& ipv4,
                                 const FamilyProxy& ipv6);

  private:
    void note_slice(const kube::Change<kube::EndpointSlice>& change);
    void note_service(const kube::Change<kube::Service>& change);

    std::set<kube::ObjectKey> services_;
    std::vector<std::shared_ptr<const kube::Service>> gone_;  // as they were before they changed
};

}  // namespace fairlead::services
