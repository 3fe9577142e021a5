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

/// Whether answers may come from an endpoint. Over UDP nothing but the kernel's memory of a flow leads it on;
/// a TCP connection may well end by itself.
bool may_answer(const kube::Endpoint& endpoint, base::L4Protocol protocol);

/// Collects the Services whose flows may have become stale: over UDP all that lost an endpoint that served,
/// got the first one of a port, or changed themselves; over TCP those that want it (ServiceWishes::resets)
/// and lost an endpoint altogether.
class FlowWatch {
  public:
    /// What is about to change, while `ipv4` and `ipv6` are still configured as they were.
    void note(const kube::ChangeSet& changes, const FamilyProxy& ipv4, const FamilyProxy& ipv6);
    /// `proxy` is about to be configured so: frontends may come and go by that, as those of NodePorts do with
    /// the addresses of the node.
    void note_options(const ServiceCatalog& catalog, const FamilyProxy& proxy, const CompileOptions& options);
    /// The kernel has these though nobody wants them: of Services that went while nobody looked.
    void note_leftovers(const std::vector<Frontend>& frontends);

    /// The addresses of all that was noted, as they are now; also those that went. Forgets them.
    std::vector<WatchedAddress> take(const ServiceCatalog& catalog, const FamilyProxy& ipv4,
                                     const FamilyProxy& ipv6);

  private:
    void note_slice(const kube::Change<kube::EndpointSlice>& change);
    void note_service(const kube::Change<kube::Service>& change);

    std::set<std::pair<kube::ObjectKey, base::L4Protocol>> services_;
    std::set<Frontend> frontends_;  // whoever has them now, if anybody
};

/// From where answers to an address may come as things are now; nullopt where its flows are none of our
/// business.
std::optional<WatchedAddress> watched_address(const ServiceCatalog& catalog, const FamilyProxy& proxy,
                                              const Frontend& frontend);

}  // namespace fairlead::services
