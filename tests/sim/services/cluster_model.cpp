#include "sim/services/cluster_model.h"

#include <gtest/gtest.h>

#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Family;
using base::L4Protocol;

std::string text_of(const base::IpAddress& address, L4Protocol protocol, std::uint16_t port) {
    return base::format_endpoint(address, port) + "/" + std::string(base::name_of(protocol));
}

base::IpAddress address_of(Family family, std::string_view network, std::uint64_t number) {
    const std::string text =
        std::string(network) + (family == Family::kIpv4 ? "." : "::") + std::to_string(number);
    return base::IpAddress::parse(text).value();
}

std::string joined(const std::set<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text += word + " ";
    return text;
}

/// The reasons for which an endpoint is used, best first.
enum class Use { kReady, kLastResort };

bool serves(const kube::Endpoint& endpoint, Use use) {
    return use == Use::kReady ? endpoint.ready : endpoint.serving && endpoint.terminating;
}

}  // namespace

void ClusterModel::put_service() {
    kube::Service service;
    service.key = {"shop", some_name()};
    service.headless = chance(8);
    if (chance(8)) service.service_proxy_name = "other";
    if (chance(5)) service.type = kube::ServiceType::kExternalName;
    if (chance(25)) service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
    if (!service.headless && chance(85))
        service.cluster_ips.push_back(address_of(Family::kIpv4, "10.96.0", 1 + random_.below(5)));
    if (!service.headless && chance(50))
        service.cluster_ips.push_back(address_of(Family::kIpv6, "fd00:96", 1 + random_.below(5)));
    if (chance(90)) service.ports.push_back({"http", L4Protocol::kTcp, 80, 0, std::uint16_t{0}, ""});
    if (chance(40)) service.ports.push_back({"dns", L4Protocol::kUdp, 53, 0, std::uint16_t{0}, ""});
    if (chance(20)) service.ports.push_back({"sctp", L4Protocol::kSctp, 80, 0, std::uint16_t{0}, ""});
    stores_.services.put(std::move(service));
}

void ClusterModel::put_slice() {
    kube::EndpointSlice slice;
    const auto parent = some_name();
    const bool second = chance(40);
    slice.key = {"shop", parent + (second ? "-b" : "-a")};
    slice.service_name = chance(90) ? parent : some_name();
    slice.family = chance(60) ? Family::kIpv4 : Family::kIpv6;
    slice.ports = {{"http", L4Protocol::kTcp, static_cast<std::uint16_t>(chance(90) ? 8080 : 8081)}};
    if (chance(80)) slice.ports.push_back({"dns", L4Protocol::kUdp, 5353});
    if (chance(50))
        slice.ports.push_back({"sctp", L4Protocol::kSctp, static_cast<std::uint16_t>(chance(80) ? 90 : 0)});
    slice.names = {"", "n1", "n2"};
    const auto wanted = random_.below(9);
    for (std::uint64_t i = 0; i < wanted; ++i) {
        kube::Endpoint endpoint;
        const auto number = 1 + random_.below(10);
        endpoint.address = slice.family == Family::kIpv4
                               ? address_of(Family::kIpv4, chance(97) ? "10.64.0" : "127.0.0", number)
                               : address_of(Family::kIpv6, chance(97) ? "fd00:64" : "fe80", number);
        endpoint.node_name = static_cast<std::uint16_t>(random_.below(3));
        endpoint.ready = chance(70);
        endpoint.serving = endpoint.ready || chance(50);
        endpoint.terminating = !endpoint.ready && chance(60);
        slice.endpoints.push_back(endpoint);
    }
    stores_.slices.put(std::move(slice));
}

void ClusterModel::change_something() {
    switch (random_.below(8)) {
        case 0:
            return stores_.services.remove({"shop", some_name()});
        case 1:
            return stores_.slices.remove({"shop", some_name() + (chance(50) ? "-a" : "-b")});
        case 2:
        case 3:
            return put_service();
        default:
            return put_slice();
    }
}

kube::ChangeSet ClusterModel::everything() const {
    kube::ChangeSet changes;
    stores_.services.for_each(
        [&](const auto& service) { changes.services.push_back({service->key, {}, service}); });
    stores_.slices.for_each([&](const auto& slice) { changes.slices.push_back({slice->key, {}, slice}); });
    return changes;
}

TableView ClusterModel::wanted(Family family, std::string_view node_name) const {
    std::map<kube::ObjectKey, std::shared_ptr<const kube::Service>> services;
    stores_.services.for_each([&](const auto& service) { services.emplace(service->key, service); });
    TableView view;
    for (const auto& [key, service] : services) {
        if (service->headless || service->type == kube::ServiceType::kExternalName ||
            !service->service_proxy_name.empty())
            continue;
        const auto collect = [&](const kube::ServicePort& port, Use use, bool local_only) {
            std::set<std::string> found;
            stores_.slices.for_each([&](const auto& slice) {
                if (slice->service_name != key.name || slice->family != family) return;
                for (const auto& slice_port : slice->ports)
                    for (const auto& endpoint : slice->endpoints) {
                        const auto text = base::format_endpoint(endpoint.address, slice_port.port);
                        const bool refused = text.starts_with("127.") || text.starts_with("[fe80");
                        const bool here = slice->node_name(endpoint) == node_name;
                        if (slice_port.name == port.name && slice_port.protocol == port.protocol &&
                            slice_port.port != 0 && !refused && serves(endpoint, use) &&
                            (here || !local_only))
                            found.insert(text);
                    }
            });
            return found;
        };
        const auto usable = [&](const kube::ServicePort& port, bool local_only) {
            auto found = collect(port, Use::kReady, local_only);
            return found.empty() ? collect(port, Use::kLastResort, local_only) : found;
        };
        const bool local = service->internal_traffic_policy == kube::TrafficPolicy::kLocal;
        for (const auto& address : service->cluster_ips) {
            if (address.family() != family) continue;
            view.cluster_ips.insert(address.to_string());
            for (const auto& port : service->ports) {
                auto text = joined(usable(port, local));
                if (text.empty()) text = local && !usable(port, false).empty() ? "dropped" : "rejected";
                view.frontends.try_emplace(text_of(address, port.protocol, port.port), text);
            }
            stores_.slices.for_each([&](const auto& slice) {
                if (slice->service_name != key.name || slice->family != family) return;
                for (const auto& endpoint : slice->endpoints) {
                    const auto text = endpoint.address.to_string();
                    if (slice->node_name(endpoint) == node_name && !text.starts_with("127.") &&
                        !text.starts_with("fe80"))
                        view.hairpins.insert(text);
                }
            });
        }
    }
    return view;
}

TableView view_of(const test::FakeNftTables& tables, Family family) {
    TableView view;
    const auto elements = [&](std::string_view set) { return tables.elements(family, kTableName, set); };
    std::map<Frontend, std::map<std::uint32_t, Backend>> endpoints;
    for (const auto& element : elements(kEndpoints)) {
        const auto place = endpoint_of(element, family).value();
        endpoints[place.frontend].emplace(place.index, place.backend);
    }
    std::set<std::uint32_t> balancers;
    for (const auto& element : elements(kBalancers)) {
        balancers.insert(balancer_size(element.verdict_chain).value());
        EXPECT_EQ(element, balancer_element(*balancer_size(element.verdict_chain)));
    }
    for (const auto& element : elements(kFrontends)) {
        const auto frontend = frontend_of(element.key, family).value();
        const auto text = text_of(frontend.address, frontend.protocol, frontend.port);
        const auto behind = endpoints.extract(frontend);
        EXPECT_FALSE(behind.empty()) << text << " has no endpoints";
        if (behind.empty()) continue;
        const auto count = static_cast<std::uint32_t>(behind.mapped().size());
        EXPECT_EQ(element, frontend_element(frontend, count)) << text;
        EXPECT_EQ(behind.mapped().rbegin()->first, count - 1) << text << " has a gap";
        EXPECT_TRUE(balancers.contains(count)) << text;
        std::set<std::string> words;
        for (const auto& [index, backend] : behind.mapped())
            words.insert(base::format_endpoint(backend.address, backend.port));
        EXPECT_EQ(words.size(), count) << text << " has an endpoint twice";
        view.frontends.emplace(text, joined(words));
    }
    EXPECT_TRUE(endpoints.empty()) << "endpoints of no frontend";
    for (const auto& [set, word] : {std::pair{kNoEndpoints, "rejected"}, {kDropped, "dropped"}})
        for (const auto& element : elements(set)) {
            const auto frontend = frontend_of(element.key, family).value();
            const auto text = text_of(frontend.address, frontend.protocol, frontend.port);
            EXPECT_TRUE(view.frontends.emplace(text, word).second) << text << " is in two sets";
        }
    for (const auto& element : elements(kClusterIps))
        view.cluster_ips.insert(services::address_of(element.key, family)->to_string());
    for (const auto& element : elements(kHairpin))
        view.hairpins.insert(services::address_of(element.key, family)->to_string());
    return view;
}

}  // namespace fairlead::services
