#include "dns/zone_lookup.h"

#include <algorithm>
#include <array>

#include "dns/address_label.h"

namespace fairlead::dns {

namespace {

using FoundKind = Found::Kind;

std::optional<base::L4Protocol> protocol_of(std::string_view label) {
    if (label == "tcp") return base::L4Protocol::kTcp;
    if (label == "udp") return base::L4Protocol::kUdp;
    if (label == "sctp") return base::L4Protocol::kSctp;
    return std::nullopt;
}

/// Whether a Service answers at a port for which `wanted` holds.
template <class Wanted>
bool has_port(const ServiceRecords& service, Wanted wanted) {
    if (service.kind() == ServiceRecords::Kind::kClusterIp)
        return std::ranges::any_of(service.ports(), wanted);
    return std::ranges::any_of(service.endpoints().port_sets(),
                               [&](const auto& ports) { return std::ranges::any_of(*ports, wanted); });
}

void find_below_service(const ClusterName& name, Found& found) {
    found.kind = FoundKind::kMissing;
    found.may_grow = true;
    if (found.service->kind() == ServiceRecords::Kind::kExternalName) return;
    if (name.kind == ClusterName::Kind::kEndpoint) {
        found.endpoints = found.service->endpoints().called(name.label);
        if (!found.endpoints.empty()) found.kind = FoundKind::kEndpoint;
        return;
    }
    const auto protocol = protocol_of(name.protocol);
    if (!protocol) return;
    if (name.kind == ClusterName::Kind::kProtocol) {
        const auto is_named = [&](const auto& port) {
            return port.protocol == *protocol && !port.name.empty();
        };
        if (has_port(*found.service, is_named)) found.kind = FoundKind::kBranch;
        return;
    }
    const PortFilter filter{name.port, *protocol};
    if (!has_port(*found.service, [&](const auto& port) { return filter.matches(port); })) return;
    found.port = filter;
    found.kind = FoundKind::kService;
}

void find_service(const ZoneTables& tables, const ClusterName& name, Found& found) {
    found.kind = FoundKind::kMissing;
    found.service = tables.services.find(name.service_wire);
    if (found.service == nullptr) return;
    if (name.kind != ClusterName::Kind::kService) return find_below_service(name, found);
    const auto kind = found.service->kind();
    found.kind = kind == ServiceRecords::Kind::kExternalName ? FoundKind::kAlias : FoundKind::kService;
    found.may_grow = kind == ServiceRecords::Kind::kHeadless;
}

bool is_pod(const ZoneTables& tables, const ClusterName& name, const base::IpAddress& address) {
    if (tables.options.pod_names == PodNames::kDisabled) return false;
    if (tables.options.pod_names == PodNames::kInsecure)
        return tables.namespaces.find(name.namespace_wire) != nullptr;
    const AddressLabel label(address);
    std::array<char, 2 * (kMaxLabelSize + 1)> text{};
    const auto end = std::ranges::copy(name.namespace_wire, text.begin()).out;
    std::ranges::copy(label.text(), end);
    return tables.pods.find({text.data(), name.namespace_wire.size() + label.text().size()}) != nullptr;
}

void find_pod(const ZoneTables& tables, const ClusterName& name, Found& found) {
    // Before the table, as in find_in_zone().
    const bool synced =
        tables.options.pod_names != PodNames::kVerified || tables.pods_synced.load(std::memory_order_acquire);
    found.kind = FoundKind::kMissing;
    const auto address = parse_address_label(name.label);
    if (!address) return;
    if (!synced) found.kind = FoundKind::kUnknown;
    if (!is_pod(tables, name, *address)) return;
    found.kind = FoundKind::kPod;
    found.address = *address;
}

void find_in_domain(const ZoneTables& tables, const ClusterName& name, Found& found) {
    switch (name.kind) {
        case ClusterName::Kind::kApex:
            found.kind = FoundKind::kApex;
            return;
        case ClusterName::Kind::kVersion:
            found.kind = FoundKind::kVersion;
            return;
        case ClusterName::Kind::kBranch:
            found.kind = FoundKind::kBranch;
            return;
        case ClusterName::Kind::kNone:
            found.kind = FoundKind::kMissing;
            return;
        case ClusterName::Kind::kPod:
            return find_pod(tables, name, found);
        case ClusterName::Kind::kNamespace:
            found.kind = tables.namespaces.find(name.namespace_wire) != nullptr ? FoundKind::kBranch
                                                                                : FoundKind::kMissing;
            return;
        case ClusterName::Kind::kNameServer:
            found.kind = FoundKind::kNameServer;
            found.service = tables.services.find(tables.dns_service_wire);
            found.may_grow = true;
            return;
        default:
            return find_service(tables, name, found);
    }
}

/// The labels of an address that the name of the zone around it has; nullopt: it is in none of our ranges.
std::optional<std::size_t> zone_labels(const ZoneOptions& options, const ReverseName& name) {
    if (options.reverse_ranges.empty()) return 0;
    const auto per_label = bits_per_label(name.family);
    std::optional<std::size_t> most;
    for (const auto& range : options.reverse_ranges) {
        const auto labels = (range.length() + per_label - 1) / per_label;
        if (name.labels < labels || !range.contains(name.address())) continue;
        most = std::max(most.value_or(0), labels);
    }
    return most;
}

/// Not so for a moment while the tables change one after the other.
bool leads_back(const ZoneTables& tables, const AddressRecord& record) {
    return std::ranges::any_of(record.services, [&](const auto& name) {
        const auto* const service = tables.services.find(name->wire(), name->hash());
        return service != nullptr &&
               (service->has_cluster_ip(record.address) || !service->endpoints().at(record.address).empty());
    });
}

void find_reverse(const ZoneTables& tables, const ReverseName& name, Found& found) {
    const auto zone = zone_labels(tables.options, name);
    if (!zone) return;
    found.labels_above_apex -= *zone;
    if (name.is_address()) {
        found.address = name.address();
        found.owners = tables.addresses.find(found.address);
    }
    if (found.owners != nullptr && leads_back(tables, *found.owners)) {
        found.kind = FoundKind::kPointer;
        found.may_grow = true;
    } else if (!tables.options.reverse_fall_through) {
        if (found.labels_above_apex == 0)
            found.kind = FoundKind::kApex;
        else
            found.kind = name.whole && !name.is_address() ? FoundKind::kBranch : FoundKind::kMissing;
    }
}

Found find_anywhere(const ZoneTables& tables, const Name& name) {
    Found found;
    for (const auto& domain : tables.domains) {
        if (!name.is_within(domain.name)) continue;
        const auto wire = name.wire();
        found.domain = &domain;
        found.labels_above_apex = name.label_count() - domain.name.label_count();
        find_in_domain(tables, parse_cluster_name(wire.first(wire.size() - domain.name.wire().size())),
                       found);
        return found;
    }
    if (const auto reverse = parse_reverse_name(name)) {
        found.domain = &tables.domains.front();
        found.labels_above_apex = name.label_count() - 2;
        find_reverse(tables, *reverse, found);
    }
    return found;
}

}  // namespace

Found find_in_zone(const ZoneTables& tables, const Name& name) {
    // Before the tables: what is not in them then may be missing for good only if all was known already.
    const bool synced = tables.synced.load(std::memory_order_acquire);
    auto found = find_anywhere(tables, name);
    if (synced) {
        found.may_grow = false;
    } else if (found.kind == FoundKind::kMissing) {
        found.kind = FoundKind::kUnknown;
    }
    return found;
}

}  // namespace fairlead::dns
