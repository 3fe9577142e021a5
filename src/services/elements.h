#pragma once

#include <optional>
#include <string>
#include <utility>

#include "kernel/nftables/objects.h"
#include "services/balancer.h"
#include "services/frontend.h"

namespace fairlead::services {

// Elements of the sets and maps of layout.h.

/// Of `frontends` and `outside_frontends`: number of endpoints . key of the balancer.
kernel::nftables::Element frontend_element(const Frontend& frontend, const Balancer& balancer);
/// Of `endpoints` and `outside_endpoints`, or of their sticky companions.
kernel::nftables::Element endpoint_element(const Frontend& frontend, std::uint32_t index,
                                           const Backend& backend, bool sticky);
/// Of `alive` and `outside_alive`.
kernel::nftables::Element alive_element(const Frontend& frontend, const Backend& backend);
/// Of the sets whose key is a frontend and nothing else.
kernel::nftables::Element frontend_key_element(const Frontend& frontend);
/// Of `allowed_sources`.
kernel::nftables::Element source_element(const Frontend& frontend, const base::Prefix& source);
kernel::nftables::Element balancer_element(const Balancer& balancer);
kernel::nftables::Element address_element(const base::IpAddress& address);
kernel::nftables::Element hairpin_element(const base::IpAddress& address);
/// Of `service_endpoints`.
kernel::nftables::Element service_endpoint_element(const ServiceEndpoint& endpoint);
kernel::nftables::Element prefix_element(const base::Prefix& prefix);
/// Interfaces whose name begins so (1 to 15 bytes), or is exactly that.
kernel::nftables::Element interface_prefix_element(const std::string& prefix);
kernel::nftables::Element interface_element(const std::string& name);

// The other way round, for reading a table back; nullopt for elements that we would not write.
std::optional<Frontend> frontend_of(const kernel::nftables::ElementBytes& key, base::Family family);
struct FrontendChoice {
    Frontend frontend;
    std::uint32_t endpoint_count = 0;
    BalancerKey balancer;
};
std::optional<FrontendChoice> choice_of(const kernel::nftables::Element& element, base::Family family);
struct EndpointPlace {
    std::uint32_t index = 0;
    Frontend frontend;
    Backend backend;
};
std::optional<EndpointPlace> endpoint_of(const kernel::nftables::Element& element, base::Family family,
                                         bool sticky);
std::optional<std::pair<Frontend, Backend>> alive_endpoint_of(const kernel::nftables::ElementBytes& key,
                                                              base::Family family);
std::optional<std::pair<Frontend, base::Prefix>> allowed_source_of(const kernel::nftables::Element& element,
                                                                   base::Family family);
std::optional<base::IpAddress> address_of(const kernel::nftables::ElementBytes& key, base::Family family);
std::optional<ServiceEndpoint> service_endpoint_of(const kernel::nftables::ElementBytes& key,
                                                   base::Family family);

/// One small element that a frontend has, and the set that it is in.
struct FrontendMark {
    std::string_view set;
    kernel::nftables::Element element;

    friend auto operator<=>(const FrontendMark&, const FrontendMark&) = default;
    friend bool operator==(const FrontendMark&, const FrontendMark&) = default;
};
/// What a frontend has beside its endpoints and what leads to them, sorted: how it is refused, masqueraded
/// and guarded.
std::vector<FrontendMark> marks_of(const Frontend& frontend, const Backing& backing);

}  // namespace fairlead::services
