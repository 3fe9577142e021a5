#pragma once

#include <cstddef>
#include <string>

#include "base/address.h"
#include "kube/manifest_files.h"

namespace fairlead::lab {

/// Services of one TCP port that are all alike, for cases of size. They and their endpoints are numbered from
/// 0; each endpoint has an address of its own in backend_range(). Pure.
inline constexpr std::uint16_t kManyServicePort = 80;
inline constexpr std::uint16_t kManyBackendPort = 8080;
inline constexpr std::size_t kEndpointsPerService = 3;

/// 10.80.0.0/12
base::Prefix backend_range();
base::IpAddress cluster_ip_of(std::size_t service);
/// `version` tells apart the addresses that an endpoint has had.
base::IpAddress backend_of(std::size_t service, std::size_t endpoint, unsigned version = 0);

/// Services `begin` to `end` (exclusive) with an EndpointSlice each. Endpoint 0 of Service `changed`, if it
/// is among them, has the address of `version`.
kube::ManifestFiles::Objects many_services(std::size_t begin, std::size_t end, std::size_t changed,
                                           unsigned version);

/// A nat table of Services 0 to `count` as kube-proxy's iptables mode shapes it, for `iptables-restore`: a
/// linear chain with a rule per Service, a chain per Service and one per endpoint.
std::string whole_table(std::size_t count, unsigned version);

/// What kube-proxy gives to `iptables-restore --noflush` when endpoint 0 of Service `changed` moved to the
/// address of `version` from that of `version - 1`: since v1.28 it leaves out the chains of the other
/// Services, not their rules in the linear chain.
std::string partial_sync(std::size_t count, std::size_t changed, unsigned version);

}  // namespace fairlead::lab
