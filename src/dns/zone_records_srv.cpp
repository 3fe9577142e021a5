#include <algorithm>

#include "dns/address_label.h"
#include "dns/shuffle.h"
#include "dns/zone_records.h"

namespace fairlead::dns {

namespace {

/// As CoreDNS has them: 100 shared out among all addresses and ports that are named, at least 1 each.
std::uint16_t weight_among(std::size_t targets) {
    constexpr std::size_t kAllWeight = 100;
    return static_cast<std::uint16_t>(
        std::max<std::size_t>(kAllWeight / std::max<std::size_t>(targets, 1), 1));
}

bool have_one_name(const EndpointRecord& a, const EndpointRecord& b) {
    return a.hostname == b.hostname && (a.hostname != 0 || a.address == b.address);
}

}  // namespace

/// The ports of a ClusterIP, at the Service's own name.
void ZoneRecords::write_service_srv() {
    const auto& service = *found_.service;
    if (service.kind() == ServiceRecords::Kind::kHeadless)
        return write_endpoint_srv(service.endpoints().by_name());
    const auto target = ZoneTables::name_below(*found_.domain, service.key());
    const auto ports = service.ports();
    const auto is_taken = [&](const auto& port) { return takes(port); };
    const auto taken = static_cast<std::size_t>(std::ranges::count_if(ports, is_taken));
    const auto weight = weight_among(taken * service.cluster_ips().size());
    for (std::size_t i = 0; i < ports.size(); ++i) {
        const auto is_same = [&](const auto& port) { return takes(port) && port.port == ports[i].port; };
        if (is_taken(ports[i]) && std::ranges::none_of(ports.first(i), is_same))
            add_target(*target, weight, ports[i].port);
    }
    if (taken == 0) return;
    for (const auto& address : service.cluster_ips())
        add_target_address(*target, address);
}

void ZoneRecords::write_endpoint_srv(Endpoints endpoints) {
    write_endpoint_targets(endpoints, weight_among(count_targets(endpoints)));
    if (has_answer_) write_target_addresses(endpoints);
}

bool ZoneRecords::has_target_port(const EndpointRecord& endpoint) const {
    return std::ranges::any_of(found_.service->endpoints().ports_of(endpoint),
                               [&](const auto& port) { return is_target(port); });
}

std::size_t ZoneRecords::count_targets(Endpoints endpoints) const {
    std::size_t count = 0;
    const EndpointRecords::Ports* counted = nullptr;
    std::size_t of_counted = 0;  // nearly all endpoints have the same ports
    for (const auto& endpoint : endpoints) {
        const auto& ports = found_.service->endpoints().ports_of(endpoint);
        if (&ports != counted) {
            counted = &ports;
            of_counted = static_cast<std::size_t>(
                std::ranges::count_if(ports, [&](const auto& port) { return is_target(port); }));
        }
        count += of_counted;
    }
    return count;
}

void ZoneRecords::write_endpoint_targets(Endpoints endpoints, std::uint16_t weight) {
    Shuffle order(endpoints.size(), draw_);
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto index = order.next();
        if (!has_target_port(endpoints[index])) continue;
        const auto target = target_of(endpoints[index]);
        if (!target) continue;
        const auto& ports = found_.service->endpoints().ports_of(endpoints[index]);
        for (auto port = ports.begin(); port != ports.end(); ++port) {
            const auto is_same = [&](const auto& other) {
                return is_target(other) && other.port == port->port;
            };
            if (!is_target(*port) || std::any_of(ports.begin(), port, is_same) ||
                is_repeated_target(endpoints, index, port->port))
                continue;
            if (!add_target(*target, weight, port->port)) return;
        }
    }
}

/// Whether an endpoint before it has the same name, and the port too.
bool ZoneRecords::is_repeated_target(Endpoints endpoints, std::size_t index, std::uint16_t port) const {
    const auto& endpoint = endpoints[index];
    for (; index > 0 && have_one_name(endpoints[index - 1], endpoint); --index) {
        const auto& before = endpoints[index - 1];
        if (before.ports == endpoint.ports) return true;
        for (const auto& other : found_.service->endpoints().ports_of(before))
            if (other.port == port && is_target(other)) return true;
    }
    return false;
}

void ZoneRecords::write_target_addresses(Endpoints endpoints) {
    Shuffle order(endpoints.size(), draw_);
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto index = order.next();
        if (!has_target_port(endpoints[index]) || is_repeated_target_address(endpoints, index)) continue;
        const auto target = target_of(endpoints[index]);
        if (target && !add_target_address(*target, endpoints[index].address)) return;
    }
}

bool ZoneRecords::is_repeated_target_address(Endpoints endpoints, std::size_t index) const {
    const auto& endpoint = endpoints[index];
    for (; index > 0; --index) {
        const auto& before = endpoints[index - 1];
        if (before.address != endpoint.address || before.hostname != endpoint.hostname) return false;
        if (has_target_port(before)) return true;
    }
    return false;
}

std::optional<Name> ZoneRecords::target_of(const EndpointRecord& endpoint) const {
    const auto hostname = found_.service->endpoints().hostname_of(endpoint);
    const AddressLabel address(endpoint.address);
    return ZoneTables::name_below(*found_.domain, found_.service->key(),
                                  hostname.empty() ? address.text() : hostname);
}

bool ZoneRecords::add_target(const Name& target, std::uint16_t weight, std::uint16_t port) {
    has_answer_ = true;
    const auto before = writer_.record_count();
    writer_.add_srv(Section::kAnswer, name_, ttl_s(), 0, weight, port, target);
    return writer_.record_count() > before;
}

bool ZoneRecords::add_target_address(const Name& target, const base::IpAddress& address) {
    const auto before = writer_.record_count();
    writer_.add_address(Section::kAdditional, target, address, ttl_s());
    return writer_.record_count() > before;
}

}  // namespace fairlead::dns
