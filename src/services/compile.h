#pragma once

#include <string>
#include <vector>

#include "kube/objects.h"
#include "services/endpoint_choice.h"
#include "services/frontend.h"

namespace fairlead::services {

/// Addresses at which one Service is served on this node as at its ClusterIPs, though it does not have them:
/// the link-local address of a node's DNS server leads to the cluster DNS when that server is gone.
struct NodeLocalAddresses {
    kube::ObjectKey service;
    std::vector<base::IpAddress> addresses;

    friend bool operator==(const NodeLocalAddresses&, const NodeLocalAddresses&) = default;
};

/// What Services become depends on this.
struct CompileOptions {
    NodePlace node;
    /// Of the node itself: who asks from one of them at a load-balancer address has that address as source.
    std::vector<base::IpAddress> node_addresses;
    /// NodePorts are served at these.
    std::vector<base::IpAddress> node_port_addresses;
    /// TCP NodePorts are served at these by the agent itself (KEP-6032): 127.0.0.1, ::1.
    std::vector<base::IpAddress> localhost_addresses;
    NodeLocalAddresses node_local;
    bool external_ips = true;  ///< spec.externalIPs are served (KEP-5707: AllowServiceExternalIPs)

    // What the kernel can do (kernel_features.h).
    bool remembers_clients = true;  ///< false: the client's address decides where affinity is wanted
    bool hashes_clients = true;     ///< false: nothing is balanced by the client's address
    bool resets = true;             ///< false: no packet is reset because of its balancer

    friend bool operator==(const CompileOptions&, const CompileOptions&) = default;
};

/// False for headless Services, ExternalName, and Services that another proxy is to serve (label
/// service.kubernetes.io/service-proxy-name).
bool is_proxied(const kube::Service& service);

/// What `service` and its slices become in the table of one family.
///
/// - ClusterIPs, under internalTrafficPolicy; with Local and endpoints elsewhere only, connections are
/// dropped,
///   not rejected (KEP-2086).
/// - CompileOptions::node_local, where it names this Service, as ClusterIPs.
/// - NodePorts, load-balancer addresses with ipMode VIP, and ExternalIPs, under externalTrafficPolicy; with
///   Local, connections from outside get the endpoints of this node and keep their source.
/// - loadBalancerSourceRanges guard the load-balancer addresses alone, as in kube-proxy.
///
/// Nothing comes of Services that are not proxied, and of families in which the Service has no ClusterIP.
/// Addresses that are not routable and ports 0 are left out; the addresses are named in
/// CompiledService::refused. Of ports with one number and protocol the first counts.
CompiledService compile(const kube::Service& service, Slices slices, base::Family family,
                        const CompileOptions& options);

}  // namespace fairlead::services
