#include "services/answering_ports.h"

#include <algorithm>

#include "base/families.h"
#include "services/compile.h"
#include "services/flow_watch.h"
#include "services/frontend_claim.h"

namespace fairlead::services {

namespace {

void add_frontends(const AnsweringPortsSource& source, const CatalogEntry& entry,
                   std::vector<AnsweringPort>& ports) {
    const auto& service = *entry.service;
    for (const auto family : base::kFamilies) {
        const auto& options = family == base::Family::kIpv4 ? source.ipv4 : source.ipv6;
        for (const auto& backed : compile(service, {}, family, options).frontends) {
            const auto contested = source.owners.find(backed.frontend);
            if (contested != source.owners.end() && contested->second != entry.key) continue;
            if (const auto* port = port_of(service, backed.frontend, backed.kind))
                ports[static_cast<std::size_t>(port - service.ports.data())].frontends.push_back(
                    backed.frontend);
        }
    }
}

void add_endpoints(const kube::EndpointSlice& slice, const kube::EndpointPort& slice_port,
                   const std::vector<std::string>& pods, AnsweringPort& port) {
    for (std::size_t i = 0; i < slice.endpoints.size(); ++i)
        if (may_answer(slice.endpoints[i], port.protocol))
            port.endpoints.push_back(
                {{slice.endpoints[i].address, slice_port.port}, i < pods.size() ? pods[i] : std::string{}});
}

}  // namespace

AnsweringPortsSource answering_ports_source(const ServiceProxy& proxy,
                                            const std::function<bool(const kube::ObjectKey&)>& wanted) {
    AnsweringPortsSource source;
    for (const auto id : proxy.catalog().all())
        if (const auto& entry = proxy.catalog().entry(id); entry.service && wanted(entry.key))
            source.entries.push_back(entry);
    std::ranges::sort(source.entries, {}, &CatalogEntry::key);
    source.ipv4 = proxy.proxy(base::Family::kIpv4).options().compile;
    source.ipv6 = proxy.proxy(base::Family::kIpv6).options().compile;
    for (const auto family : base::kFamilies)
        for (const auto& conflict : proxy.proxy(family).wanted().conflicts())
            source.owners.emplace(conflict.frontend, conflict.owner);
    return source;
}

std::vector<AnsweringPort> answering_ports(const AnsweringPortsSource& source, const CatalogEntry& entry) {
    std::vector<AnsweringPort> ports;
    if (!entry.service) return ports;
    for (const auto& port : entry.service->ports)
        ports.push_back({port.protocol, port.port, {}, {}});
    add_frontends(source, entry, ports);
    for (const auto& slice : entry.slices) {
        const auto pods = slice->pods.all();
        for (const auto& slice_port : slice->ports)
            for (std::size_t i = 0; i < ports.size(); ++i)
                if (slice_port.port != 0 && slice_port.name == entry.service->ports[i].name &&
                    slice_port.protocol == ports[i].protocol)
                    add_endpoints(*slice, slice_port, pods, ports[i]);
    }
    return ports;
}

std::string pod_at(const ServiceCatalog& catalog, const base::IpAddress& address) {
    for (const auto id : catalog.all())
        for (const auto& slice : catalog.entry(id).slices) {
            const auto found = std::ranges::find(slice->endpoints, address, &kube::Endpoint::address);
            const auto index = static_cast<std::size_t>(found - slice->endpoints.begin());
            const auto pods =
                found == slice->endpoints.end() ? std::vector<std::string>{} : slice->pods.all();
            if (index < pods.size() && !pods[index].empty())
                return kube::ObjectKey{slice->key.namespace_name, pods[index]}.to_string();
        }
    return {};
}

}  // namespace fairlead::services
