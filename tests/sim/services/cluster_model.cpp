#include "sim/services/cluster_model.h"

#include <algorithm>
#include <tuple>

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

using Endpoints = std::set<std::string>;

/// What one port of a Service has behind it, found by looking at every endpoint of the cluster each time.
class NaivePort {
  public:
    NaivePort(const kube::Stores& stores, const kube::Service& service, const kube::ServicePort& port,
              Family family, const NodePlace& node)
        : stores_(stores), service_(service), port_(port), family_(family), node_(node) {}

    [[nodiscard]] Endpoints anywhere() const {
        const auto ready = find([](const auto&, std::size_t, const kube::Endpoint& e) { return e.ready; });
        const auto for_node = find([&](const auto& slice, std::size_t i, const kube::Endpoint& e) {
            return e.ready && slice.has_node_hint(i, node_.name);
        });
        const auto for_zone = find([&](const auto& slice, std::size_t i, const kube::Endpoint& e) {
            return e.ready && slice.has_zone_hint(i, node_.zone);
        });
        const auto without_node = find([](const auto& slice, std::size_t i, const kube::Endpoint& e) {
            return e.ready && !slice.has_any_node_hint(i);
        });
        const auto without_zone = find([](const auto& slice, std::size_t i, const kube::Endpoint& e) {
            return e.ready && !slice.has_any_zone_hint(i);
        });
        if (!for_node.empty() && without_node.empty()) return for_node;
        if (!for_zone.empty() && without_zone.empty()) return for_zone;
        if (!ready.empty()) return ready;
        return find(
            [](const auto&, std::size_t, const kube::Endpoint& e) { return e.serving && e.terminating; });
    }

    [[nodiscard]] Endpoints all() const {
        return find([](const auto&, std::size_t, const kube::Endpoint&) { return true; });
    }

    [[nodiscard]] Endpoints here() const {
        const auto is_here = [&](const kube::EndpointSlice& slice, const kube::Endpoint& e) {
            return slice.node_name(e) == node_.name;
        };
        const auto ready = find([&](const auto& slice, std::size_t, const kube::Endpoint& e) {
            return e.ready && is_here(slice, e);
        });
        if (!ready.empty()) return ready;
        return find([&](const auto& slice, std::size_t, const kube::Endpoint& e) {
            return e.serving && e.terminating && is_here(slice, e);
        });
    }

  private:
    template <class Matches>
    Endpoints find(Matches matches) const {
        Endpoints found;
        stores_.slices.for_each([&](const auto& slice) {
            if (slice->service_name != service_.key.name || slice->family != family_) return;
            for (const auto& slice_port : slice->ports)
                for (std::size_t i = 0; i < slice->endpoints.size(); ++i) {
                    const auto& endpoint = slice->endpoints[i];
                    const auto text = base::format_endpoint(endpoint.address, slice_port.port);
                    const bool refused = text.starts_with("127.") || text.starts_with("[fe80");
                    if (slice_port.name == port_.name && slice_port.protocol == port_.protocol &&
                        slice_port.port != 0 && !refused && matches(*slice, i, endpoint))
                        found.insert(text);
                }
        });
        return found;
    }

    const kube::Stores& stores_;
    const kube::Service& service_;
    const kube::ServicePort& port_;
    Family family_;
    const NodePlace& node_;
};

/// What a ClusterIP sends connections to.
Endpoints internal_endpoints(const kube::Service& service, const NaivePort& port) {
    const bool local = service.internal_traffic_policy == kube::TrafficPolicy::kLocal;
    return local ? port.here() : port.anywhere();
}

/// What other addresses send them to.
Endpoints external_endpoints(const kube::Service& service, const NaivePort& port) {
    auto endpoints = port.anywhere();
    if (service.external_traffic_policy == kube::TrafficPolicy::kLocal) endpoints.merge(port.here());
    return endpoints;
}

std::string choice_words(const kube::Service& service, const Endpoints& all) {
    if (all.empty()) return "";
    std::string words;
    if (service.affinity_timeout_s) words += "sticky " + std::to_string(*service.affinity_timeout_s) + " ";
    const auto balancing = service.annotations->find("fairlead.io/balancing");
    if (balancing != service.annotations->end() && balancing->second == "consistent") words += "consistent ";
    if (service.annotations->contains("fairlead.io/reset-connections")) words += "resets ";
    return words;
}

std::string internal_words(const kube::Service& service, const NaivePort& port) {
    const auto used = internal_endpoints(service, port);
    if (used.empty()) return port.anywhere().empty() ? "rejected " : "dropped ";
    return "cluster " + joined(used) + choice_words(service, used);
}

std::string external_words(const kube::Service& service, const NaivePort& port,
                           const std::set<std::string>& sources) {
    const auto all = port.anywhere();
    std::string text = all.empty() ? "rejected " : "cluster " + joined(all);
    if (service.external_traffic_policy == kube::TrafficPolicy::kLocal) {
        const auto here = port.here();
        if (!all.empty() && here.empty()) text = "dropped " + text;
        if (!here.empty()) text += "outside " + joined(here);
        text += "hides-node ";
    } else {
        text += "hides-all ";
    }
    text += choice_words(service, all);
    if (!sources.empty()) text += "from " + joined(sources);
    return text;
}

}  // namespace

void ClusterModel::add_addresses(kube::Service& service) {
    if (!service.headless && chance(85))
        service.cluster_ips.push_back(address_of(Family::kIpv4, "10.96.0", 1 + random_.below(5)));
    if (!service.headless && chance(50))
        service.cluster_ips.push_back(address_of(Family::kIpv6, "fd00:96", 1 + random_.below(5)));
    if (chance(20))
        service.load_balancer_ips.push_back(address_of(Family::kIpv4, "192.0.2", random_.below(4)));
    if (chance(20))
        service.load_balancer_ips.push_back(address_of(Family::kIpv6, "fd00:2", random_.below(4)));
    // Sometimes somebody else's ClusterIP.
    if (chance(15))
        service.external_ips.push_back(
            address_of(Family::kIpv4, chance(50) ? "192.0.2" : "10.96.0", 1 + random_.below(5)));
    if (chance(25))
        service.load_balancer_source_ranges.push_back(base::Prefix::parse("198.51.100.0/24").value());
    if (chance(15))
        service.load_balancer_source_ranges.push_back(base::Prefix::parse("198.51.0.0/16").value());
    if (chance(10))
        service.load_balancer_source_ranges.push_back(base::Prefix::parse("172.18.0.0/24").value());
    if (chance(15)) service.load_balancer_source_ranges.push_back(base::Prefix::parse("fd00:3::/32").value());
}

void ClusterModel::put_service() {
    kube::Service service;
    service.key = {"shop", some_name()};
    service.headless = chance(8);
    if (chance(8)) service.service_proxy_name = "other";
    if (chance(5)) service.type = kube::ServiceType::kExternalName;
    if (chance(25)) service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
    if (chance(40)) service.external_traffic_policy = kube::TrafficPolicy::kLocal;
    if (chance(30)) service.affinity_timeout_s = chance(70) ? 10'800 : 30;
    if (chance(8))
        service.annotations.edit()["fairlead.io/balancing"] = chance(90) ? "consistent" : "constant";
    if (chance(15)) service.annotations.edit()["fairlead.io/reset-connections"] = "endpoint-removed";
    add_addresses(service);
    const auto node_port = [&](unsigned number) {
        return static_cast<std::uint16_t>(chance(40) ? 30'000 + number + random_.below(3) : 0);
    };
    // The first one counts.
    const bool repeated = chance(8);
    const bool repeated_first = chance(50);
    const auto repeat = [&] {
        service.ports.push_back({"again", L4Protocol::kTcp, 80, node_port(0), std::uint16_t{0}, ""});
    };
    if (repeated && repeated_first) repeat();
    if (chance(90))
        service.ports.push_back({"http", L4Protocol::kTcp, 80, node_port(0), std::uint16_t{0}, ""});
    if (chance(40))
        service.ports.push_back({"dns", L4Protocol::kUdp, 53, node_port(1), std::uint16_t{0}, ""});
    if (chance(20))
        service.ports.push_back({"sctp", L4Protocol::kSctp, 80, node_port(2), std::uint16_t{0}, ""});
    if (repeated && !repeated_first) repeat();
    stores_.services.put(std::move(service));
}

void ClusterModel::add_hints(kube::EndpointSlice& slice) {
    const bool nodes = chance(30);
    const bool zones = chance(40);
    for (std::size_t i = 0; i < slice.endpoints.size(); ++i) {
        if (zones && chance(95))
            slice.add_hint(i, kube::EndpointHint::Kind::kZone, chance(50) ? "zone-1" : "zone-2");
        if (nodes && chance(95)) slice.add_hint(i, kube::EndpointHint::Kind::kNode, chance(50) ? "n1" : "n2");
    }
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
    add_hints(slice);
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
    stores_.services.for_each([&](const auto& service) { changes.services.push_back({{}, service}); });
    stores_.slices.for_each([&](const auto& slice) { changes.slices.push_back({{}, slice}); });
    return changes;
}

namespace {

/// The source ranges of a family in words, those inside another one left out.
std::set<std::string> allowed_sources(const kube::Service& service, Family family,
                                      const CompileOptions& options) {
    std::vector<base::Prefix> ranges;
    bool node_may = false;
    for (const auto& range : service.load_balancer_source_ranges) {
        if (range.family() != family) continue;
        ranges.push_back(range);
        for (const auto& node : options.node_addresses)
            node_may = node_may || range.contains(node);
    }
    if (node_may)
        for (const auto& address : service.load_balancer_ips)
            if (address.family() == family) ranges.emplace_back(address, family == Family::kIpv4 ? 32 : 128);
    std::set<std::string> words;
    for (const auto& range : ranges) {
        bool inside = false;
        for (const auto& other : ranges)
            inside = inside ||
                     (other != range && other.length() < range.length() && other.contains(range.first()));
        if (!inside) words.insert(range.to_string());
    }
    return words;
}

}  // namespace

TableView ClusterModel::wanted(Family family, const CompileOptions& options) const {
    std::map<kube::ObjectKey, std::shared_ptr<const kube::Service>> services;
    stores_.services.for_each([&](const auto& service) { services.emplace(service->key, service); });
    TableView view;
    struct Claim {
        std::string words;
        Endpoints endpoints;
    };
    // Sorted by who has the better claim: kind of address, then name.
    std::map<std::tuple<std::string, int, kube::ObjectKey>, Claim> claims;
    const auto with = [](L4Protocol protocol, const std::string& endpoint) {
        return endpoint + "/" + std::string(base::name_of(protocol));
    };
    for (const auto& [key, service] : services) {
        const bool has_ip =
            std::ranges::any_of(service->cluster_ips, [&](const auto& ip) { return ip.family() == family; });
        if (service->headless || service->type == kube::ServiceType::kExternalName ||
            !service->service_proxy_name->empty() || !has_ip)
            continue;
        for (const auto& port : service->ports) {
            const NaivePort naive{stores_, *service, port, family, options.node};
            const auto claim = [&, key = key](const auto& addresses, int kind, std::uint16_t number,
                                              const std::string& words) {
                Claim made{words, {}};
                for (const auto& endpoint :
                     kind == 0 ? internal_endpoints(*service, naive) : external_endpoints(*service, naive))
                    made.endpoints.insert(with(port.protocol, endpoint));
                for (const base::IpAddress& address : addresses)
                    if (address.family() == family && number != 0)
                        claims.try_emplace({text_of(address, port.protocol, number), kind, key}, made);
            };
            const auto internal = internal_endpoints(*service, naive);
            for (const auto& endpoint : naive.all())
                if (!internal.contains(endpoint))
                    view.service_endpoints.insert(with(port.protocol, endpoint));
            const auto external = external_words(*service, naive, {});
            claim(service->cluster_ips, 0, port.port, internal_words(*service, naive));
            claim(options.node_port_addresses, 1, port.node_port, external);
            claim(service->load_balancer_ips, 2, port.port,
                  external_words(*service, naive, allowed_sources(*service, family, options)));
            if (options.external_ips) claim(service->external_ips, 3, port.port, external);
        }
        for (const auto& address : service->cluster_ips)
            if (address.family() == family) view.cluster_ips.insert(address.to_string());
        stores_.slices.for_each([&, key = key](const auto& slice) {
            if (slice->service_name != key.name || slice->family != family) return;
            for (const auto& endpoint : slice->endpoints) {
                const auto text = endpoint.address.to_string();
                const auto node = slice->node_name(endpoint);
                if ((node.empty() || node == options.node.name) && !text.starts_with("127.") &&
                    !text.starts_with("fe80"))
                    view.hairpins.insert(text);
            }
        });
    }
    for (const auto& [place, claim] : claims)
        if (view.frontends.try_emplace(std::get<0>(place), claim.words).second)
            view.service_endpoints.insert(claim.endpoints.begin(), claim.endpoints.end());
    return view;
}

}  // namespace fairlead::services
