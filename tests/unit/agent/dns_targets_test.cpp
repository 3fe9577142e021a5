#include "agent/dns_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace fairlead::agent {
namespace {

using testing::ElementsAreArray;

using Addresses = std::vector<base::IpAddress>;

Addresses addresses(std::initializer_list<std::string_view> texts) {
    Addresses parsed;
    for (const auto text : texts)
        parsed.push_back(base::IpAddress::parse(text).value());
    return parsed;
}

TEST(DnsTargets, AreTheServicesAddressesAndThoseBesideItAndAServiceWithoutOneIsAProblem) {
    const struct {
        std::string_view when;
        std::optional<Addresses> service;  // nullopt: there is none
        Addresses beside;
        Addresses targets;
        std::string_view problem;
    } cases[] = {
        {"both families",
         addresses({"fd00:96::a", "10.96.0.10"}),
         {},
         addresses({"10.96.0.10", "fd00:96::a"}),
         ""},
        {"an address beside it", addresses({"10.96.0.10"}), addresses({"169.254.20.10", "10.96.0.10"}),
         addresses({"10.96.0.10", "169.254.20.10"}), ""},
        {"no Service",
         std::nullopt,
         {},
         {},
         "there is no Service kube-system/kube-dns, so that no query is intercepted; dns.service names "
         "another"},
        {"a Service without an address",
         Addresses{},
         {},
         {},
         "Service kube-system/kube-dns has no address, so that no query is intercepted; dns.service names "
         "another"},
        {"no Service, but an address beside it", std::nullopt, addresses({"169.254.20.10"}),
         addresses({"169.254.20.10"}),
         "there is no Service kube-system/kube-dns: who asks dns.nodeLocalAddresses has nobody to turn to "
         "when this "
         "agent ends; dns.service names another"},
    };
    for (const auto& each : cases) {
        SCOPED_TRACE(each.when);
        DnsSettings settings;
        settings.node_local_addresses = each.beside;
        kube::Store<kube::Service> services;
        if (each.service) {
            kube::Service service;
            service.key = settings.service;
            service.cluster_ips = *each.service;
            services.put(std::move(service));
        }
        const auto targets = dns_targets(settings, services);
        EXPECT_THAT(targets.addresses, ElementsAreArray(each.targets));
        EXPECT_EQ(targets.problem, each.problem);
    }
}

}  // namespace
}  // namespace fairlead::agent
