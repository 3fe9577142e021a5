#include "support/kube_fixture.h"

namespace fairlead::test {

kube::Service service(std::string_view name, std::vector<std::string> cluster_ips) {
    kube::Service service;
    service.key = {"shop", std::string(name)};
    for (const auto& address : cluster_ips)
        service.cluster_ips.push_back(base::IpAddress::parse(address).value());
    service.ports = {{"http", base::L4Protocol::kTcp, 80, 0, std::uint16_t{8080}, ""}};
    return service;
}

kube::EndpointSlice slice(std::string_view service, std::vector<std::string> addresses,
                          std::string_view suffix) {
    kube::EndpointSlice slice;
    slice.key = {"shop", std::string(service) + "-" + std::string(suffix)};
    slice.service_name = service;
    slice.ports = {{"http", base::L4Protocol::kTcp, 8080}};
    slice.names = {"", "n1", "n2"};
    for (const auto& text : addresses) {
        kube::Endpoint endpoint;
        endpoint.address = base::IpAddress::parse(text).value();
        endpoint.node_name = 1;
        slice.endpoints.push_back(endpoint);
    }
    if (!slice.endpoints.empty()) slice.family = slice.endpoints.front().address.family();
    return slice;
}

kube::ChangeSet change(std::shared_ptr<const kube::Service> before,
                       std::shared_ptr<const kube::Service> after) {
    kube::ChangeSet changes;
    changes.services.push_back({std::move(before), std::move(after)});
    return changes;
}

kube::ChangeSet change(std::shared_ptr<const kube::EndpointSlice> before,
                       std::shared_ptr<const kube::EndpointSlice> after) {
    kube::ChangeSet changes;
    changes.slices.push_back({std::move(before), std::move(after)});
    return changes;
}

}  // namespace fairlead::test
