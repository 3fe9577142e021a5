#include "dns/service_records.h"

#include <algorithm>
#include <utility>

#include "base/dns_name.h"
#include "base/sort_unique.h"

namespace fairlead::dns {

std::optional<std::string> service_wire_of(const kube::ObjectKey& service) {
    std::string wire;
    for (const std::string_view label :
         {std::string_view(service.name), std::string_view(service.namespace_name)}) {
        if (!base::is_dns_label(label)) return std::nullopt;
        wire.push_back(static_cast<char>(label.size()));
        wire.append(label);
    }
    return wire + "\3svc";
}

std::unique_ptr<const ServiceRecords> ServiceRecords::make(
    const ServiceName& name, const kube::Service& service,
    std::span<const std::shared_ptr<const kube::EndpointSlice>> slices, EndpointNaming naming) {
    std::unique_ptr<ServiceRecords> records{new ServiceRecords(name)};
    if (service.type == kube::ServiceType::kExternalName) {
        records->kind_ = Kind::kExternalName;
        records->take_external_name(*service.external_name);
    } else {
        records->kind_ = service.headless ? Kind::kHeadless : Kind::kClusterIp;
        records->take_cluster_ips(service);
        if (!service.headless) records->take_ports(service);
        records->endpoints_ = EndpointRecords(slices, naming);
    }
    return records->has_names() ? std::move(records) : nullptr;
}

bool ServiceRecords::has_names() const {
    switch (kind_) {
        case Kind::kClusterIp:
            return cluster_ip_count_ != 0;
        case Kind::kHeadless:
            return !endpoints_.by_address().empty();
        case Kind::kExternalName:
            return external_name_.has_value();
    }
    return false;
}

void ServiceRecords::take_cluster_ips(const kube::Service& service) {
    for (const auto& address : service.cluster_ips)
        if (std::ranges::find(cluster_ips(), address.family(), &base::IpAddress::family) ==
            cluster_ips().end())
            cluster_ips_.at(cluster_ip_count_++) = address;
}

void ServiceRecords::take_ports(const kube::Service& service) {
    ports_.reserve(service.ports.size());
    for (const auto& port : service.ports)
        ports_.push_back({port.name, port.port, port.protocol});
}

void ServiceRecords::take_external_name(const std::string& text) {
    if (base::IpAddress::parse(text)) return;
    if (const auto name = Name::parse(text); name && !name->is_root()) external_name_ = *name;
}

bool ServiceRecords::has_cluster_ip(const base::IpAddress& address) const {
    return std::ranges::find(cluster_ips(), address) != cluster_ips().end();
}

std::vector<base::IpAddress> ServiceRecords::addresses() const {
    std::vector<base::IpAddress> addresses(cluster_ips().begin(), cluster_ips().end());
    for (const auto& endpoint : endpoints().by_address())
        addresses.push_back(endpoint.address);
    base::sort_unique(addresses);
    return addresses;
}

}  // namespace fairlead::dns
