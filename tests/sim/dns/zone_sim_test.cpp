// Objects are edited at random; after each step every name that there is, that there was, and many that there
// may be, are asked for in every type and held against a model that writes the whole zone out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "dns/address_label.h"
#include "dns/reverse_name.h"
#include "support/dns_zone.h"
#include "support/lives.h"
#include "zone_model.h"

namespace fairlead::test {
namespace {

const std::vector<std::string> kSpaces = {"shop", "media"};
const std::vector<std::string> kServices = {"cart", "db", "web"};
const std::vector<std::string> kSomeAddresses = {"10.64.0.1",  "10.64.0.2", "10.64.0.3", "10.96.0.1",
                                                 "fd00:64::1", "fd00:64::", "fd00:96::1"};
const std::vector<std::string> kHostnames = {"", "", "host-0", "host-1"};
const std::vector<std::string> kPods = {"", "db-0", "db-1", "db.2"};
const std::vector<std::string> kTypeNames = {"A", "AAAA", "SRV", "CNAME", "PTR", "TXT", "MX", "NS"};
const std::vector<std::string> kExternal = {"www.example.com",
                                            "cart.shop.svc.cluster.local",
                                            "db.media.svc.cluster.local",
                                            "web.shop.svc.cluster.local",
                                            "host-0.db.shop.svc.cluster.local",
                                            "10-64-0-1.shop.pod.cluster.local",
                                            "192.0.2.1",
                                            "svc.cluster.local"};
const std::vector<kube::EndpointPort> kPorts = {{"http", base::L4Protocol::kTcp, 80},
                                                {"web", base::L4Protocol::kTcp, 80},
                                                {"sip", base::L4Protocol::kUdp, 5060},
                                                {"", base::L4Protocol::kTcp, 9000},
                                                {"any", base::L4Protocol::kUdp, 0}};

class ZoneSimulation {
  public:
    explicit ZoneSimulation(std::uint64_t seed)
        : random_(seed), options_(random_options()), cluster_(options_) {
        cluster_.zone().set_synced();
        collect_candidates();
    }

    void run(int steps) {
        for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
            SCOPED_TRACE("step " + std::to_string(step));
            for (auto edits = random_.below(3) + 1; edits > 0; --edits)
                edit();
            cluster_.apply();
            compare();
        }
    }

  private:
    template <class Values>
    const auto& one_of(const Values& values) {
        return values[random_.below(values.size())];
    }

    dns::ZoneOptions random_options() {
        dns::ZoneOptions options;
        options.pod_names = random_.below(2) == 0 ? dns::PodNames::kInsecure : dns::PodNames::kDisabled;
        options.endpoint_naming =
            random_.below(3) == 0 ? dns::EndpointNaming::kPodName : dns::EndpointNaming::kAddress;
        options.dns_service = {"shop", "cart"};
        return options;
    }

    void collect_candidates() {
        candidates_ = {"www.example.com.", "local.", "x.cluster.local.", "x.dns.cluster.local.",
                       "cluster.local."};
        std::vector<std::string> labels = {"a",         "_tcp",      "_udp",         "_http._tcp",
                                           "_web._tcp", "_sip._udp", "_any._udp",    "_http._udp",
                                           "_._tcp",    "a.b",       "a._http._tcp", "db-0"};
        for (const auto& hostname : kHostnames)
            if (!hostname.empty()) labels.push_back(hostname);
        for (const auto& address : kSomeAddresses) {
            const auto parsed = base::IpAddress::parse(address).value();
            candidates_.insert(dns::reverse_name_of(parsed).to_string());
            labels.emplace_back(dns::AddressLabel(parsed).text());
        }
        for (const auto* space : {"shop", "media", "none"}) {
            for (const auto& label : labels)
                candidates_.insert(label + "." + space + ".pod.cluster.local.");
            for (const auto& service : kServices)
                for (const auto& label : labels)
                    candidates_.insert(label + "." + service + "." + space + ".svc.cluster.local.");
        }
        const auto below = candidates_;
        for (const auto& name : below)
            for (auto rest = name; rest.ends_with("cluster.local."); rest.erase(0, rest.find('.') + 1))
                candidates_.insert(rest);
    }

    void edit() {
        switch (random_.below(8)) {
            case 0:
                return edit_namespace();
            case 1:
            case 2:
            case 3:
                return edit_service();
            default:
                return edit_slice();
        }
    }

    void edit_namespace() {
        const auto& name = one_of(kSpaces);
        random_.below(2) == 0 ? cluster_.put(name_space(name))
                              : cluster_.stores().namespaces.remove({"", name});
    }

    void edit_service() {
        kube::Service service;
        service.key = {one_of(kSpaces), one_of(kServices)};
        switch (random_.below(6)) {
            case 0:
                return cluster_.stores().services.remove(service.key);
            case 1:
                cluster_.put(
                    external_service(service.key.namespace_name, service.key.name, one_of(kExternal)));
                return;
            case 2:
            case 3:
                service.headless = true;
                break;
            default:
                add_cluster_ips(service);
        }
        cluster_.put(std::move(service));
    }

    void add_cluster_ips(kube::Service& service) {
        const auto offset = random_.below(2);
        for (std::size_t i = offset; i < offset + random_.below(3); ++i) {
            const auto address = base::IpAddress::parse(i % 2 == 0 ? "10.96.0.1" : "fd00:96::1").value();
            if (std::ranges::find(service.cluster_ips, address) == service.cluster_ips.end())
                service.cluster_ips.push_back(address);
        }
        for (const auto& port : kPorts) {
            if (port.port == 0 || random_.below(2) == 0) continue;
            auto& made = service.ports.emplace_back();
            made.name = port.name;
            made.protocol = port.protocol;
            made.port = port.port;
        }
    }

    void edit_slice() {
        const auto& space = one_of(kSpaces);
        const auto name = "slice-" + std::to_string(random_.below(6));
        if (random_.below(5) == 0) return cluster_.stores().slices.remove({space, name});
        std::vector<kube::EndpointPort> ports;
        for (const auto& port : kPorts)
            if (random_.below(2) == 0) ports.push_back(port);
        const auto family = random_.below(3) == 0 ? base::Family::kIpv6 : base::Family::kIpv4;
        std::vector<std::string> endpoints;
        for (auto count = random_.below(5); count > 0; --count) {
            const auto& address = one_of(kSomeAddresses);
            if (base::IpAddress::parse(address)->family() != family) continue;
            const auto& hostname = one_of(kHostnames);
            endpoints.push_back((random_.below(4) == 0 ? "!" : "") +
                                (hostname.empty() ? "" : hostname + "=") + address);
        }
        auto slice = endpoint_slice(space, one_of(kServices), name, endpoints, std::move(ports));
        for (std::size_t i = 0; i < slice.endpoints.size(); ++i)
            slice.pods.set(i, one_of(kPods));
        cluster_.put(std::move(slice));
    }

    void compare() {
        const ZoneModel model(cluster_.stores(), options_);
        candidates_.insert(model.names().begin(), model.names().end());
        for (const auto& name : candidates_) {
            EXPECT_EQ(cluster_.zone().state_of(dns::Name::parse(name).value()), model.state_of(name)) << name;
            for (const auto& type : kTypeNames)
                compare(model, name, type);
        }
    }

    void compare(const ZoneModel& model, const std::string& name, const std::string& type) {
        const auto expected = model.answer(name, type);
        const auto reply =
            ask(cluster_.zone(), name, dns::parse_record_type(type).value(), {.draw = random_()});
        EXPECT_EQ(outcome_of(reply), expected.outcome) << name << " " << type;
        EXPECT_EQ(sorted(without_ttl(reply.answer)), expected.records) << name << " " << type;
        EXPECT_EQ(!reply.authority.empty(), expected.has_soa) << name << " " << type;
        const auto additional = without_ttl(reply.additional);
        const std::set<std::string> distinct(additional.begin(), additional.end());
        EXPECT_EQ(distinct.size(), additional.size()) << name << " " << type;
        for (const auto& record : additional)
            EXPECT_TRUE(model.has_address(record)) << name << " " << type << ": " << record;
        expect_addresses_of_targets(reply.answer, additional);
    }

    static void expect_addresses_of_targets(const std::vector<std::string>& answer,
                                            const std::vector<std::string>& additional) {
        for (const auto& record : answer) {
            if (!record.contains(" SRV ")) continue;
            const auto target = record.substr(record.rfind(' ') + 1);
            EXPECT_TRUE(std::ranges::any_of(additional, [&](const auto& a) {
                return a.starts_with(target + " ");
            })) << record;
        }
    }

    static std::vector<std::string> without_ttl(std::vector<std::string> records) {
        for (auto& record : records) {
            const auto owner_end = record.find(' ');
            record.erase(owner_end, record.find(' ', owner_end + 1) - owner_end);
        }
        return records;
    }

    static std::vector<std::string> sorted(std::vector<std::string> records) {
        std::ranges::sort(records);
        return records;
    }

    base::Random random_;
    dns::ZoneOptions options_;
    ZoneCluster cluster_;
    std::set<std::string> candidates_;
};

TEST(ZoneSimulation, AnswersAreThoseOfTheZoneWrittenOut) {
    const Lives lives{3};
    for (auto seed = lives.first; seed < lives.end && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("FAIRLEAD_SEED=" + std::to_string(seed));
        ZoneSimulation(seed).run(30);
    }
}

}  // namespace
}  // namespace fairlead::test
