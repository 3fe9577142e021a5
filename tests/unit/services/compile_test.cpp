#include "services/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using testing::ElementsAre;
using testing::IsEmpty;

CompileOptions on(std::string_view node) {
    CompileOptions options;
    options.node.name = node;
    return options;
}

/// "10.96.0.1:80/TCP -> 10.0.0.1:8080 10.0.0.2:8080", one line per frontend.
std::string text_of(const CompiledService& compiled) {
    std::string text;
    for (const auto& [frontend, backing, kind] : compiled.frontends) {
        text += base::format_endpoint(frontend.address, frontend.port) + "/" +
                std::string(base::name_of(frontend.protocol)) + " ->";
        for (const auto& backend : backing.backends)
            text += " " + base::format_endpoint(backend.address, backend.port);
        text += "\n";
    }
    return text;
}

std::string compiled_text(const kube::Service& service, std::vector<kube::EndpointSlice> slices,
                          Family family = Family::kIpv4) {
    std::vector<std::shared_ptr<const kube::EndpointSlice>> shared;
    for (auto& slice : slices)
        shared.push_back(test::shared(std::move(slice)));
    return text_of(compile(service, shared, family, on("n1")));
}

TEST(Compile, GivesEachClusterIpItsOwnFamilysEndpoints) {
    const auto service = test::service("cart", {"10.96.0.1", "fd00:96::1"});
    const std::vector slices = {test::slice("cart", {"10.0.0.2", "10.0.0.1"}, "a"),
                                test::slice("cart", {"fd00::1"}, "b")};
    EXPECT_EQ(compiled_text(service, slices), "10.96.0.1:80/TCP -> 10.0.0.1:8080 10.0.0.2:8080\n");
    EXPECT_EQ(compiled_text(service, slices, Family::kIpv6), "[fd00:96::1]:80/TCP -> [fd00::1]:8080\n");
}

TEST(Compile, TakesEachEndpointOnceThoughTwoSlicesHaveIt) {
    const std::vector slices = {test::slice("cart", {"10.0.0.1", "10.0.0.2"}, "a"),
                                test::slice("cart", {"10.0.0.2"}, "b")};
    EXPECT_EQ(compiled_text(test::service("cart", {"10.96.0.1"}), slices),
              "10.96.0.1:80/TCP -> 10.0.0.1:8080 10.0.0.2:8080\n");
}

TEST(Compile, LetsTheFirstOfSeveralPortsWithOneNumberHaveIt) {
    constexpr int kPorts = 40;
    for (int first = 0; first < kPorts; ++first) {
        auto service = test::service("cart", {"10.96.0.1"});
        service.ports.clear();
        auto slice = test::slice("cart", {"10.0.0.1"});
        slice.ports.clear();
        for (int i = 0; i < kPorts; ++i) {
            const auto name = "p" + std::to_string((first + i) % kPorts);
            service.ports.push_back({name, base::L4Protocol::kTcp, 80, 0, std::uint16_t{0}, ""});
            slice.ports.push_back(
                {name, base::L4Protocol::kTcp, static_cast<std::uint16_t>(8000 + (first + i) % kPorts)});
        }
        EXPECT_EQ(compiled_text(service, {slice}),
                  "10.96.0.1:80/TCP -> 10.0.0.1:" + std::to_string(8000 + first) + "\n");
    }
}

TEST(Compile, MatchesPortsByNameAndProtocol) {
    auto service = test::service("dns", {"10.96.0.10"});
    service.ports = {{"dns", base::L4Protocol::kUdp, 53, 0, std::uint16_t{0}, ""},
                     {"dns-tcp", base::L4Protocol::kTcp, 53, 0, std::uint16_t{0}, ""}};
    auto slice = test::slice("dns", {"10.0.0.1"});
    slice.ports = {{"dns", base::L4Protocol::kUdp, 5353}, {"dns-tcp", base::L4Protocol::kUdp, 5354}};
    EXPECT_EQ(compiled_text(service, {slice}), "10.96.0.10:53/TCP ->\n10.96.0.10:53/UDP -> 10.0.0.1:5353\n");
}

TEST(Compile, UsesReadyEndpointsAndFallsBackToServingOnesThatTerminate) {
    auto slice = test::slice("cart", {"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    const auto service = test::service("cart", {"10.96.0.1"});
    for (auto& endpoint : slice.endpoints)
        endpoint.ready = false;
    for (auto& endpoint : slice.endpoints)
        endpoint.serving = false;
    EXPECT_EQ(compiled_text(service, {slice}), "10.96.0.1:80/TCP ->\n");
    slice.endpoints[1].serving = slice.endpoints[1].terminating = true;
    EXPECT_EQ(compiled_text(service, {slice}), "10.96.0.1:80/TCP -> 10.0.0.2:8080\n");
    slice.endpoints[0].ready = true;
    EXPECT_EQ(compiled_text(service, {slice}), "10.96.0.1:80/TCP -> 10.0.0.1:8080\n");
}

std::string idle_text(const kube::Service& service, const kube::EndpointSlice& slice) {
    const std::vector shared = {test::shared(slice)};
    std::string text;
    for (const auto& [address, protocol, port] :
         compile(service, shared, Family::kIpv4, on("n1")).idle_endpoints)
        text += base::format_endpoint(address, port) + "/" + std::string(base::name_of(protocol)) + " ";
    return text;
}

TEST(Compile, NamesEndpointsThatMayStillHaveConnections) {
    auto service = test::service("cart", {"10.96.0.1"});
    auto slice = test::slice("cart", {"10.0.0.1", "10.0.0.2", "10.0.0.3", "127.0.0.1"});
    EXPECT_EQ(idle_text(service, slice), "") << "all of them get new ones";
    slice.endpoints[0].ready = false;
    slice.endpoints[1].ready = slice.endpoints[1].serving = false;
    slice.endpoints[1].terminating = true;
    EXPECT_EQ(idle_text(service, slice), "10.0.0.1:8080/TCP 10.0.0.2:8080/TCP ");
    slice.endpoints[2].node_name = 2;
    service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
    EXPECT_EQ(idle_text(service, slice), "10.0.0.1:8080/TCP 10.0.0.2:8080/TCP 10.0.0.3:8080/TCP ");
    slice.ports[0].name = "another";
    EXPECT_EQ(idle_text(service, slice), "") << "it is not of a port of the Service";
}

TEST(Compile, KeepsToThisNodeUnderInternalTrafficPolicyLocal) {
    auto service = test::service("cart", {"10.96.0.1"});
    service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
    auto slice = test::slice("cart", {"10.0.0.1", "10.0.0.2"});
    slice.endpoints[1].node_name = 2;
    EXPECT_EQ(compiled_text(service, {slice}), "10.96.0.1:80/TCP -> 10.0.0.1:8080\n");
}

TEST(Compile, DropsUnderPolicyLocalOnlyWhereEndpointsAreElsewhere) {
    auto service = test::service("cart", {"10.96.0.1"});
    service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
    const std::vector elsewhere = {test::shared(test::slice("cart", {"10.0.0.1"}))};
    const std::vector nowhere = {test::shared(test::slice("cart", {}))};
    const auto unserved_on = [&](std::string_view node, const auto& slices) {
        return compile(service, slices, Family::kIpv4, on(node)).frontends.front().backing.unserved;
    };
    EXPECT_EQ(unserved_on("n1", elsewhere), Unserved::kRejected) << "it has a backend";
    EXPECT_EQ(unserved_on("n2", elsewhere), Unserved::kDropped);
    EXPECT_EQ(unserved_on("n2", nowhere), Unserved::kRejected);
}

TEST(Compile, LeavesOutAndNamesWhatLeadsBackIntoTheNode) {
    const std::vector slices = {test::shared(test::slice("cart", {"10.0.0.1", "127.0.0.1", "127.0.0.1"}))};
    auto service = test::service("cart", {"10.96.0.1", "127.0.0.53"});
    service.ports.push_back({"none", base::L4Protocol::kTcp, 0, 0, std::uint16_t{0}, ""});
    const auto compiled = compile(service, slices, Family::kIpv4, on("n1"));
    EXPECT_EQ(text_of(compiled), "10.96.0.1:80/TCP -> 10.0.0.1:8080\n");
    EXPECT_THAT(compiled.refused, ElementsAre(base::IpAddress::parse("127.0.0.1").value(),
                                              base::IpAddress::parse("127.0.0.53").value()));
    EXPECT_THAT(compiled.local_backends, ElementsAre(base::IpAddress::parse("10.0.0.1").value()));
}

TEST(Compile, MakesNothingOfWhatIsNotProxied) {
    const std::vector slices = {test::slice("cart", {"10.0.0.1"})};
    auto headless = test::service("cart", {});
    headless.headless = true;
    auto external = test::service("cart", {"10.96.0.1"});
    external.type = kube::ServiceType::kExternalName;
    auto other_proxy = test::service("cart", {"10.96.0.1"});
    other_proxy.service_proxy_name = "other";
    for (const auto& service : {headless, external, other_proxy, test::service("cart", {})})
        EXPECT_EQ(compiled_text(service, slices), "");
}

TEST(Compile, ServesTheOneServiceThatHasNodeLocalAddressesThereToo) {
    auto options = on("n1");
    options.node_local = {test::service("dns", {"10.96.0.10"}).key,
                          {*base::IpAddress::parse("169.254.20.10"), *base::IpAddress::parse("fd00:20::10")}};
    const std::vector slices = {test::shared(test::slice("dns", {"10.0.0.1"}, "a"))};
    EXPECT_EQ(text_of(compile(test::service("dns", {"10.96.0.10"}), slices, Family::kIpv4, options)),
              "10.96.0.10:80/TCP -> 10.0.0.1:8080\n169.254.20.10:80/TCP -> 10.0.0.1:8080\n");
    EXPECT_EQ(text_of(compile(test::service("cart", {"10.96.0.1"}), slices, Family::kIpv4, options)),
              "10.96.0.1:80/TCP -> 10.0.0.1:8080\n");
    EXPECT_THAT(text_of(compile(test::service("dns", {"10.96.0.10"}), slices, Family::kIpv6, options)),
                IsEmpty());
}

TEST(Compile, NamesTheEndpointsOfThisNodeForHairpins) {
    auto slice = test::slice("cart", {"10.0.0.1", "10.0.0.2"});
    slice.endpoints[0].node_name = 2;
    const std::vector shared = {test::shared(std::move(slice))};
    const auto compiled = compile(test::service("cart", {"10.96.0.1"}), shared, Family::kIpv4, on("n1"));
    EXPECT_THAT(compiled.local_backends, ElementsAre(base::IpAddress::parse("10.0.0.2").value()));
    EXPECT_THAT(compile(test::service("cart", {"10.96.0.1"}), shared, Family::kIpv4, on("n3")).local_backends,
                IsEmpty());
}

TEST(IsRoutable, RefusesAddressesThatLeadBackOrToEverybody) {
    for (const std::string text : {"0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "239.255.255.255",
                                   "255.255.255.255", "::", "::1", "fe80::1", "ff02::1"})
        EXPECT_FALSE(is_routable(base::IpAddress::parse(text).value())) << text;
    for (const std::string text : {"10.0.0.1", "192.0.2.1", "240.0.0.5", "fd00::1", "2001:db8::1"})
        EXPECT_TRUE(is_routable(base::IpAddress::parse(text).value())) << text;
}

}  // namespace
}  // namespace fairlead::services
