#include "dns/zone_tables.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace fairlead::dns {

namespace {

constexpr std::uint32_t kRefreshS = 7'200;  // what CoreDNS says; nobody has a copy of this zone
constexpr std::uint32_t kRetryS = 1'800;
constexpr std::uint32_t kExpireS = 86'400;

std::vector<ZoneDomain> domains_of(const ZoneOptions& options) {
    std::vector<ZoneDomain> domains;
    for (const auto& domain : options.cluster_domains) {
        const auto lowered = domain.lowered();
        const auto dns = Name::parse("ns.dns").value();
        domains.push_back({lowered,
                           {.primary = dns.joined(lowered).value(),
                            .mailbox = lowered.with_label("hostmaster").value(),
                            .refresh_s = kRefreshS,
                            .retry_s = kRetryS,
                            .expire_s = kExpireS,
                            .minimum_s = options.ttl_s}});
    }
    return domains;
}

}  // namespace

ZoneTables::ZoneTables(ZoneOptions zone_options)
    : options(std::move(zone_options)),
      domains(domains_of(options)),
      dns_service_wire(service_wire_of(options.dns_service).value_or("")),
      namespaces(reclaimer),
      services(reclaimer),
      addresses(reclaimer),
      pods(reclaimer) {}

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
