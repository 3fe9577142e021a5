#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "dns/cluster_names.h"
#include "dns/lower_case.h"
#include "dns/reverse_name.h"
#include "dns/zone_tables.h"

namespace fairlead::dns {

/// A named port of a Service: what `_http._tcp` below it asks for.
struct PortFilter {
    std::string_view name;  ///< in lower case
    base::L4Protocol protocol = base::L4Protocol::kTcp;

    /// Of PortRecord or kube::EndpointPort.
    [[nodiscard]] bool matches(const auto& port) const {
        return port.protocol == protocol && !name.empty() && equals_lowered(port.name, name);
    }
};

/// What there is at a name. Valid until the reader's next quiescent point, and as long as the name.
struct Found {
    enum class Kind : std::uint8_t {
        kOutside,     ///< not ours to answer
        kMissing,     ///< in our zone, but there is nothing, nor below
        kUnknown,     ///< the same while not all objects are known yet
        kBranch,      ///< nothing, but there are or may be names below
        kApex,        ///< a zone begins here
        kVersion,     ///< dns-version.Z
        kNameServer,  ///< ns.dns.Z; `service` may be nullptr
        kService,     ///< a Service, or its port `port`
        kEndpoint,    ///< `endpoints` of a Service that have one name
        kAlias,       ///< a Service of type ExternalName
        kPod,         ///< a Pod's `address`
        kPointer,     ///< the reverse name of `address`, which belongs to `services`
    };

    Kind kind = Kind::kOutside;
    std::size_t labels_above_apex = 0;  ///< of the name, to the left of the zone's own
    const ZoneDomain* domain = nullptr;
    const ServiceRecords* service = nullptr;
    std::optional<PortFilter> port;
    std::span<const EndpointRecord> endpoints;
    base::IpAddress address;
    const AddressRecord* owners = nullptr;
    /// What it does not have may be in objects that are not known yet.
    bool may_grow = false;
};

/// What there is at `name`, which is in lower case.
Found find_in_zone(const ZoneTables& tables, const Name& name);

}  // namespace fairlead::dns
