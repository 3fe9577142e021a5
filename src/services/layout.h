#pragma once

#include <optional>

#include "kernel/nftables/objects.h"
#include "kernel/nftables/transaction.h"
#include "services/frontend.h"

namespace fairlead::services {

/// The table of one family: every chain, set and rule of the data plane but the balancers, which come and go
/// with the numbers of endpoints that are in use. docs/services.md describes what each is for.
kernel::nftables::TableContents layout(base::Family family);

/// The name of fairlead's table in both families.
inline constexpr std::string_view kTableName = "fairlead";

// Names of sets and maps.
inline constexpr std::string_view kFrontends = "frontends";
inline constexpr std::string_view kBalancers = "balancers";
inline constexpr std::string_view kEndpoints = "endpoints";
inline constexpr std::string_view kNoEndpoints = "no_endpoints";
inline constexpr std::string_view kDropped = "dropped";
inline constexpr std::string_view kClusterIps = "cluster_ips";
inline constexpr std::string_view kServiceCidrs = "service_cidrs";
inline constexpr std::string_view kPodCidrs = "pod_cidrs";
inline constexpr std::string_view kHairpin = "hairpin";

/// "balance-3", the chain that picks one of so many endpoints.
std::string balancer_name(std::uint32_t endpoint_count);
/// The number in such a name; nullopt for other chains.
std::optional<std::uint32_t> balancer_size(std::string_view chain);
kernel::nftables::Chain balancer_chain(std::uint32_t endpoint_count);
kernel::nftables::Rule balancer_rule(base::Family family, std::uint32_t endpoint_count);

// Elements of the sets and maps.
kernel::nftables::Element frontend_element(const Frontend& frontend, std::uint32_t endpoint_count);
kernel::nftables::Element endpoint_element(const Frontend& frontend, std::uint32_t index,
                                           const Backend& backend);
/// Of `no_endpoints` and `dropped`.
kernel::nftables::Element unserved_element(const Frontend& frontend);
kernel::nftables::Element balancer_element(std::uint32_t endpoint_count);
kernel::nftables::Element address_element(const base::IpAddress& address);
kernel::nftables::Element hairpin_element(const base::IpAddress& address);
kernel::nftables::Element prefix_element(const base::Prefix& prefix);

// The other way round, for reading a table back; nullopt for elements that we would not write.
std::optional<Frontend> frontend_of(const kernel::nftables::ElementBytes& key, base::Family family);
struct EndpointPlace {
    std::uint32_t index = 0;
    Frontend frontend;
    Backend backend;
};
std::optional<EndpointPlace> endpoint_of(const kernel::nftables::Element& element, base::Family family);
std::optional<base::IpAddress> address_of(const kernel::nftables::ElementBytes& key, base::Family family);

}  // namespace fairlead::services
