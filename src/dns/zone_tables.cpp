#include "dns/zone_tables.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace fairlead::dns {

namespace {

// About one record a shard in clusters of a usual size, and few in the largest; 8 bytes a shard.
constexpr std::size_t kManyShards = 16'384;
constexpr std::size_t kFewShards = 1'024;

std::vector<ZoneDomain> domains_of(const ZoneOptions& options) {
    std::vector<ZoneDomain> domains;
    for (const auto& domain : options.cluster_domains) {
        const auto lowered = domain.lowered();
        const auto dns = Name::parse("ns.dns").value();
        domains.push_back({lowered, dns.joined(lowered).value(), lowered.with_label("hostmaster").value()});
    }
    return domains;
}

}  // namespace

ZoneTables::ZoneTables(ZoneOptions zone_options)
    : options(std::move(zone_options)),
      domains(domains_of(options)),
      dns_service_wire(service_wire_of(options.dns_service).value_or("")),
      namespaces(reclaimer, kFewShards),
      services(reclaimer, kManyShards),
      addresses(reclaimer, kManyShards),
      pods(reclaimer, options.pod_names == PodNames::kVerified ? kManyShards : 1) {}

std::optional<Name> ZoneTables::name_below(const ZoneDomain& domain, std::string_view service_wire,
                                           std::string_view label) {
    std::array<std::uint8_t, kMaxNameSize> wire{};
    std::size_t size = 0;
    const auto append = [&](std::string_view bytes) {
        if (bytes.size() > wire.size() - size) return false;
        std::ranges::copy(bytes, wire.begin() + static_cast<std::ptrdiff_t>(size));
        size += bytes.size();
        return true;
    };
    if (!label.empty()) {
        wire[size++] = static_cast<std::uint8_t>(label.size());
        if (!append(label)) return std::nullopt;
    }
    const auto suffix = domain.name.wire();
    if (!append(service_wire) || suffix.size() > wire.size() - size) return std::nullopt;
    std::ranges::copy(suffix, wire.begin() + static_cast<std::ptrdiff_t>(size));
    return Name::from_wire(Bytes{wire}.first(size + suffix.size()));
}

}  // namespace fairlead::dns
