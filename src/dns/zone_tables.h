#pragma once

#include <absl/container/inlined_vector.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "dns/name.h"
#include "dns/record.h"
#include "dns/service_records.h"
#include "dns/snapshot_table.h"
#include "dns/zone_options.h"

namespace fairlead::dns {

/// A namespace that exists, or has names in it.
struct NamespaceRecord {
    std::string wire;  ///< "\4shop"

    [[nodiscard]] std::string_view key() const { return wire; }
};

/// The Services that an address leads back to.
struct AddressRecord {
    base::IpAddress address;
    absl::InlinedVector<std::shared_ptr<const ServiceName>, 1> services;  // of most addresses one

    [[nodiscard]] const base::IpAddress& key() const { return address; }
};

/// An address of a Pod in a namespace.
struct PodRecord {
    std::string text;  ///< "\4shop" and the AddressLabel

    [[nodiscard]] std::string_view key() const { return text; }
};

/// A cluster domain and the names in its SOA and NS records.
struct ZoneDomain {
    Name name;
    Soa soa;  ///< without serial; its primary is ns.dns.Z
};

/// What readers see of the zone.
struct ZoneTables {
    explicit ZoneTables(ZoneOptions zone_options);

    /// What `label` (may be empty) is called below a Service in a cluster domain; nullopt if that is too
    /// long for a name, which then nobody can ask for.
    [[nodiscard]] static std::optional<Name> name_below(const ZoneDomain& domain,
                                                        std::string_view service_wire,
                                                        std::string_view label = {});

    const ZoneOptions options;
    const std::vector<ZoneDomain> domains;
    const std::string dns_service_wire;  ///< empty: there can be none
    SnapshotReclaimer reclaimer;
    SnapshotTable<NamespaceRecord> namespaces;
    SnapshotTable<ServiceRecords> services;
    SnapshotTable<AddressRecord> addresses;
    SnapshotTable<PodRecord> pods;
    std::atomic<std::uint32_t> serial{1};
    std::atomic<bool> synced{false};
    std::atomic<bool> pods_synced{false};  ///< of `pods`
};

}  // namespace fairlead::dns
