#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/service_proxy.h"

namespace fairlead::services {

/// One port of a Service as flows show it: where clients reach it, and from where answers may come.
struct AnsweringPort {
    struct Endpoint {
        Backend backend;
        std::string pod;  ///< name of the Pod, in the Service's namespace; empty if it is none
    };
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;           ///< of the Service
    std::vector<Frontend> frontends;  ///< none for a Service that is not proxied
    std::vector<Endpoint> endpoints;  ///< that may answer, see WatchedAddress
};

/// What answering_ports() needs, at one moment: shares the objects, so that another thread may look at them.
struct AnsweringPortsSource {
    std::vector<CatalogEntry> entries;
    CompileOptions ipv4;
    CompileOptions ipv6;
    std::map<Frontend, kube::ObjectKey> owners;  // of frontends that several Services claim
};

/// All Services that `wanted` says yes to, sorted by key.
AnsweringPortsSource answering_ports_source(const ServiceProxy& proxy,
                                            const std::function<bool(const kube::ObjectKey&)>& wanted);

/// The ports of one of its entries, in the Service's order; none where there is no Service.
std::vector<AnsweringPort> answering_ports(const AnsweringPortsSource& source, const CatalogEntry& entry);

/// "shop/cart-1": the Pod of the first endpoint found that has this address; empty if there is none. Looks at
/// all endpoints.
std::string pod_at(const ServiceCatalog& catalog, const base::IpAddress& address);

}  // namespace fairlead::services
