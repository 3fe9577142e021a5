#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/endpoint_records.h"
#include "dns/name.h"
#include "kube/objects.h"

namespace fairlead::dns {

/// Which names of Pods there are: ADDRESS.NAMESPACE.pod.Z
enum class PodNames : std::uint8_t {
    kDisabled,  ///< none
    kInsecure,  ///< of any address in any namespace that exists
    kVerified,  ///< of addresses that a Pod of the namespace has; needs Stores::pod_addresses
};

/// "disabled", "insecure" or "verified", as CoreDNS has them.
std::string_view name_of(PodNames names);
/// The other way round; anything else is an error.
base::Result<PodNames> parse_pod_names(std::string_view text);

struct ZoneOptions {
    /// Zones of the cluster, not nested. The first is where PTR records point to.
    std::vector<Name> cluster_domains = {Name::parse("cluster.local").value()};
    std::uint32_t ttl_s = 5;  ///< 0 to 3600
    /// What reverse names are answered for: ranges of Service and Pod addresses. None: all addresses.
    std::vector<base::Prefix> reverse_ranges;
    /// Names of unknown addresses are left to an upstream; otherwise the ranges are ours, and unknown
    /// addresses do not exist.
    bool reverse_fall_through = true;
    PodNames pod_names = PodNames::kDisabled;
    EndpointNaming endpoint_naming = EndpointNaming::kAddress;
    /// The Service whose addresses `ns.dns.Z` has.
    kube::ObjectKey dns_service{"kube-system", "kube-dns"};

    friend bool operator==(const ZoneOptions&, const ZoneOptions&) = default;
};

/// Which of the options cannot be, and why.
base::Result<void> check(const ZoneOptions& options);

}  // namespace fairlead::dns
