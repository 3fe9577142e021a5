#include "lab/many_services.h"

#include <fmt/format.h>

#include <array>

#include "base/assert.h"
#include "lab/layout.h"

namespace fairlead::lab {

namespace {

/// The address `offset` above the first of an IPv4 range.
base::IpAddress address_in(const base::Prefix& range, std::size_t offset) {
    std::uint32_t value = 0;
    for (const auto byte : range.first().bytes())
        value = (value << 8U) | std::to_integer<std::uint32_t>(byte);
    value += static_cast<std::uint32_t>(offset);
    std::array<std::byte, 4> bytes{};
    for (std::size_t i = bytes.size(); i > 0; --i, value >>= 8U)
        bytes[i - 1] = static_cast<std::byte>(value & 0xffU);
    const base::IpAddress address{bytes};
    FAIRLEAD_ASSERT(range.contains(address));
    return address;
}

std::string service_name(std::size_t service) {
    return fmt::format("service-{:05}", service);
}

/// Chains have names of at most 28 characters, made of a hash; a number is as good.
std::string service_chain(std::size_t service) {
    return fmt::format("KUBE-SVC-{:016X}", service);
}

std::string endpoint_chain(std::size_t service, std::size_t endpoint, unsigned version) {
    return fmt::format("KUBE-SEP-{:08X}{:04X}{:04X}", service, endpoint, version);
}

unsigned version_of(std::size_t endpoint, unsigned version) {
    return endpoint == 0 ? version : 0;
}

std::string dispatch_rule(std::size_t service) {
    return fmt::format(
        "-A KUBE-SERVICES -m comment --comment \"case/{}:http cluster IP\" -m tcp -p tcp -d {} --dport {} -j "
        "{}\n",
        service_name(service), cluster_ip_of(service).to_string(), kManyServicePort, service_chain(service));
}

std::string chains_of(std::size_t service, unsigned version) {
    std::string text = fmt::format(":{} - [0:0]\n", service_chain(service));
    for (std::size_t endpoint = 0; endpoint < kEndpointsPerService; ++endpoint)
        text +=
            fmt::format(":{} - [0:0]\n", endpoint_chain(service, endpoint, version_of(endpoint, version)));
    return text;
}

std::string endpoint_rules(std::size_t service, std::size_t endpoint, unsigned version) {
    const auto name = service_name(service);
    const auto chain = endpoint_chain(service, endpoint, version);
    const auto backend = backend_of(service, endpoint, version).to_string();
    const auto rest = kEndpointsPerService - endpoint;
    const auto share = rest == 1 ? std::string{}
                                 : fmt::format("-m statistic --mode random --probability {:.10f} ",
                                               1.0 / static_cast<double>(rest));
    return fmt::format(
        "-A {0} -m comment --comment \"case/{1}:http -> {2}:{3}\" {4}-j {5}\n"
        "-A {5} -m comment --comment case/{1}:http -s {2} -j KUBE-MARK-MASQ\n"
        "-A {5} -m comment --comment case/{1}:http -m tcp -p tcp -j DNAT --to-destination "
        "{2}:{3}\n",
        service_chain(service), name, backend, kManyBackendPort, share, chain);
}

std::string rules_of(std::size_t service, unsigned version) {
    auto text = fmt::format(
        "-A {0} -m comment --comment \"case/{1}:http cluster IP\" -m tcp -p tcp -d {2} --dport {3} ! -s {4} "
        "-j KUBE-MARK-MASQ\n",
        service_chain(service), service_name(service), cluster_ip_of(service).to_string(), kManyServicePort,
        pod_range().ipv4.to_string());
    for (std::size_t endpoint = 0; endpoint < kEndpointsPerService; ++endpoint)
        text += endpoint_rules(service, endpoint, version_of(endpoint, version));
    return text;
}

kube::Service make_service(std::size_t number) {
    kube::Service service;
    service.key = {"case", service_name(number)};
    service.cluster_ips = {cluster_ip_of(number)};
    service.ip_families = {base::Family::kIpv4};
    service.ports = {{"http", base::L4Protocol::kTcp, kManyServicePort, 0, kManyBackendPort, ""}};
    return service;
}

kube::EndpointSlice make_slice(std::size_t number, unsigned version) {
    kube::EndpointSlice slice;
    slice.key = {"case", service_name(number)};
    slice.service_name = slice.key.name;
    slice.ports = {{"http", base::L4Protocol::kTcp, kManyBackendPort}};
    for (std::size_t i = 0; i < kEndpointsPerService; ++i) {
        kube::Endpoint endpoint;
        endpoint.address = backend_of(number, i, version_of(i, version));
        slice.endpoints.push_back(endpoint);
    }
    return slice;
}

}  // namespace

base::Prefix backend_range() {
    return base::Prefix::parse("10.80.0.0/12").value();
}

base::IpAddress cluster_ip_of(std::size_t service) {
    return address_in(service_range().ipv4, service + 1);
}

base::IpAddress backend_of(std::size_t service, std::size_t endpoint, unsigned version) {
    constexpr std::size_t kAddressesPerVersion = 65'536;
    return address_in(backend_range(),
                      1 + service * kEndpointsPerService + endpoint + version * kAddressesPerVersion);
}

kube::ManifestFiles::Objects many_services(std::size_t begin, std::size_t end, std::size_t changed,
                                           unsigned version) {
    kube::ManifestFiles::Objects objects;
    for (auto number = begin; number < end; ++number) {
        objects.services.push_back(make_service(number));
        objects.slices.push_back(make_slice(number, number == changed ? version : 0));
    }
    return objects;
}

std::string whole_table(std::size_t count, unsigned version) {
    const auto version_in = [&](std::size_t service) { return service + 1 == count ? version : 0; };
    std::string text = "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-POSTROUTING - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n";
    for (std::size_t service = 0; service < count; ++service)
        text += chains_of(service, version_in(service));
    text +=
        "-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
        "-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
        "-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING\n"
        "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n"
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
        "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
        "-A KUBE-POSTROUTING -j MASQUERADE\n";
    for (std::size_t service = 0; service < count; ++service)
        text += dispatch_rule(service) + rules_of(service, version_in(service));
    return text + "COMMIT\n";
}

std::string partial_sync(std::size_t count, std::size_t changed, unsigned version) {
    std::string text = "*nat\n:KUBE-SERVICES - [0:0]\n" + chains_of(changed, version);
    const auto stale = endpoint_chain(changed, 0, version - 1);
    text += ":" + stale + " - [0:0]\n";
    for (std::size_t service = 0; service < count; ++service)
        text += dispatch_rule(service);
    return text + rules_of(changed, version) + "-X " + stale + "\nCOMMIT\n";
}

}  // namespace fairlead::lab
