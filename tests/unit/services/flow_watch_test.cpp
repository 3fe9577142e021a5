#include "services/flow_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/service_proxy.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Options node_port_options() {
    Options options;
    options.compile.node_port_addresses = {base::IpAddress::parse("192.0.2.1").value()};
    return options;
}

class FlowWatchTest : public testing::Test {
  protected:
    static kube::Service dns(const std::string& cluster_ip = "10.96.0.10") {
        auto service = test::service("dns", {cluster_ip});
        service.ports = {{"dns", base::L4Protocol::kUdp, 53, 30'053, std::uint16_t{0}, ""},
                         {"http", base::L4Protocol::kTcp, 80, 0, std::uint16_t{0}, ""}};
        return service;
    }
    static kube::EndpointSlice pods(std::vector<std::string> addresses) {
        auto slice = test::slice("dns", std::move(addresses));
        slice.ports = {{"dns", base::L4Protocol::kUdp, 5353}};
        return slice;
    }
    void put(std::optional<kube::Service> service) {
        auto after = service ? test::shared(*std::move(service)) : nullptr;
        proxy_.stage(test::change(std::exchange(service_, after), after));
    }
    void put(kube::EndpointSlice slice) {
        const auto after = test::shared(std::move(slice));
        proxy_.stage(test::change(std::exchange(slice_, after), after));
    }
    /// "10.96.0.10:53 <- 10.64.0.1:5353 10.64.0.2:5353"
    std::vector<std::string> suspects() {
        std::vector<std::string> texts;
        for (auto& [frontend, may_answer] : proxy_.take_watched_addresses()) {
            std::string text = base::format_endpoint(frontend.address, frontend.port) + " <-";
            for (const auto& backend : may_answer)
                text += " " + base::format_endpoint(backend.address, backend.port);
            texts.push_back(text);
        }
        return texts;
    }

    test::FakeNftTables tables_;
    ServiceProxy proxy_{node_port_options(), tables_};
    std::shared_ptr<const kube::Service> service_;
    std::shared_ptr<const kube::EndpointSlice> slice_;
};

TEST_F(FlowWatchTest, AreNamedWhenAServiceComesAndWhenItLosesAnEndpoint) {
    put(dns());
    put(pods({"10.64.0.1", "10.64.0.2"}));
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.10:53 <- 10.64.0.1:5353 10.64.0.2:5353",
                                        "192.0.2.1:30053 <- 10.64.0.1:5353 10.64.0.2:5353"));
    EXPECT_THAT(suspects(), IsEmpty());
    put(pods({"10.64.0.1", "10.64.0.2", "10.64.0.3"}));
    EXPECT_THAT(suspects(), IsEmpty()) << "nothing leads nowhere because one more is there";
    put(pods({"10.64.0.1"}));
    EXPECT_THAT(suspects(),
                ElementsAre("10.96.0.10:53 <- 10.64.0.1:5353", "192.0.2.1:30053 <- 10.64.0.1:5353"));
}

TEST_F(FlowWatchTest, AreNamedWhenTheLastEndpointGoesAndWhenTheFirstComes) {
    put(dns());
    put(pods({"10.64.0.1"}));
    suspects();
    put(pods({}));
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.10:53 <-", "192.0.2.1:30053 <-"));
    put(pods({"10.64.0.1"}));
    EXPECT_THAT(suspects(),
                ElementsAre("10.96.0.10:53 <- 10.64.0.1:5353", "192.0.2.1:30053 <- 10.64.0.1:5353"));
}

TEST_F(FlowWatchTest, LetEndpointsAnswerThatServeWhileTheyTerminate) {
    put(dns());
    auto slice = pods({"10.64.0.1", "10.64.0.2"});
    put(slice);
    suspects();
    slice.endpoints[0].ready = false;
    slice.endpoints[0].terminating = true;
    put(slice);
    EXPECT_THAT(suspects(), IsEmpty());
    slice.endpoints[0].serving = false;
    put(slice);
    EXPECT_THAT(suspects(),
                ElementsAre("10.96.0.10:53 <- 10.64.0.2:5353", "192.0.2.1:30053 <- 10.64.0.2:5353"));
}

TEST_F(FlowWatchTest, AreNamedWhenTheyAreNoLongerAServices) {
    put(dns());
    put(pods({"10.64.0.1"}));
    suspects();
    put(dns("10.96.0.11"));
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.10:53 <-", "10.96.0.11:53 <- 10.64.0.1:5353",
                                        "192.0.2.1:30053 <- 10.64.0.1:5353"));
    put(std::optional<kube::Service>{});
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.11:53 <-", "192.0.2.1:30053 <-"));
}

TEST_F(FlowWatchTest, AreNamedWhenTheEndpointsMoveToAnotherPortOrTheSliceToAnotherService) {
    put(dns());
    auto slice = pods({"10.64.0.1"});
    put(slice);
    suspects();
    slice.ports[0].port = 5454;
    put(slice);
    EXPECT_THAT(suspects(),
                ElementsAre("10.96.0.10:53 <- 10.64.0.1:5454", "192.0.2.1:30053 <- 10.64.0.1:5454"));
    slice.service_name = "another";
    put(slice);
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.10:53 <-", "192.0.2.1:30053 <-"));
}

TEST_F(FlowWatchTest, AreNamedWhenThePortGetsItsFirstEndpointThoughAnotherPortHasSome) {
    auto service = dns();
    service.ports[1].protocol = base::L4Protocol::kUdp;
    put(service);
    auto slice = pods({"10.64.0.1"});
    put(slice);
    suspects();
    slice.ports.push_back({"http", base::L4Protocol::kUdp, 8080});
    put(slice);
    EXPECT_THAT(suspects(), testing::Contains("10.96.0.10:80 <- 10.64.0.1:8080"));
}

TEST_F(FlowWatchTest, AreNamedWhenTheServiceGoesInTheTurnInWhichTheNodeGetsAnotherAddress) {
    put(dns());
    put(pods({"10.64.0.1"}));
    suspects();
    put(std::optional<kube::Service>{});
    auto moved = node_port_options();
    moved.compile.node_port_addresses = {base::IpAddress::parse("192.0.2.9").value()};
    proxy_.configure(moved);
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.10:53 <-", "192.0.2.1:30053 <-"));
}

TEST_F(FlowWatchTest, AreNamedWhenTheKernelHasWhatNobodyWantsAnyMore) {
    put(dns());
    put(pods({"10.64.0.1"}));
    const base::TimePoint now{};
    ASSERT_TRUE(proxy_.sync(base::Family::kIpv4, now));
    ServiceProxy restarted{node_port_options(), tables_};
    auto other = dns("10.96.0.11");
    other.ports[0].node_port = 0;
    restarted.stage(test::change(std::shared_ptr<const kube::Service>{}, test::shared(other)));
    ASSERT_TRUE(restarted.sync(base::Family::kIpv4, now));
    std::vector<std::string> named;
    for (const auto& [frontend, may_answer] : restarted.take_watched_addresses())
        named.push_back(base::format_endpoint(frontend.address, frontend.port));
    EXPECT_THAT(named, ElementsAre("10.96.0.10:53", "10.96.0.11:53", "192.0.2.1:30053"));
    EXPECT_THAT(restarted.take_watched_addresses(), IsEmpty());
}

TEST_F(FlowWatchTest, AreNamedWhenTheNodeLosesTheirAddressAndWhenItGetsOne) {
    put(dns());
    put(pods({"10.64.0.1"}));
    suspects();
    auto moved = node_port_options();
    moved.compile.node_port_addresses = {base::IpAddress::parse("192.0.2.9").value()};
    proxy_.configure(moved);
    EXPECT_THAT(suspects(), ElementsAre("192.0.2.1:30053 <-", "192.0.2.9:30053 <- 10.64.0.1:5353"));
    proxy_.configure(moved);
    EXPECT_THAT(suspects(), IsEmpty());
}

/// Over TCP, of the Service "web" that wants connections to removed endpoints to end.
class TcpFlowWatchTest : public FlowWatchTest {
  protected:
    static kube::Service web(kube::Labels annotations = {
                                 {"fairlead.io/reset-connections", "endpoint-removed"}}) {
        auto service = test::service("web", {"10.96.0.20"});
        service.annotations = std::move(annotations);
        return service;
    }
    static kube::EndpointSlice slice_of(std::vector<std::string> addresses) {
        return test::slice("web", std::move(addresses));
    }
};

TEST_F(TcpFlowWatchTest, AreNamedWhenAnEndpointIsGoneAltogether) {
    put(web());
    auto slice = slice_of({"10.64.0.1", "10.64.0.2"});
    put(slice);
    suspects();
    slice.endpoints[0].ready = slice.endpoints[0].serving = false;
    slice.endpoints[0].terminating = true;
    put(slice);
    EXPECT_THAT(suspects(), IsEmpty()) << "it may end its connections by itself";
    put(slice_of({"10.64.0.2"}));
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.20:80 <- 10.64.0.2:8080"));
    put(slice_of({}));
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.20:80 <-"));
}

TEST_F(TcpFlowWatchTest, AreLeftAloneWithoutTheAnnotationOrWithoutTheService) {
    put(web({}));
    put(slice_of({"10.64.0.1", "10.64.0.2"}));
    put(slice_of({"10.64.0.1"}));
    EXPECT_THAT(suspects(), IsEmpty());
    put(web());
    EXPECT_THAT(suspects(), ElementsAre("10.96.0.20:80 <- 10.64.0.1:8080")) << "switched on";
    put(std::optional<kube::Service>{});
    put(slice_of({}));
    EXPECT_THAT(suspects(), IsEmpty()) << "a Service that goes leaves its connections alone";
    const Frontend frontend{base::IpAddress::parse("10.96.0.20").value(), base::L4Protocol::kTcp, 80};
    EXPECT_EQ(proxy_.watched_address(frontend), std::nullopt);
}

}  // namespace
}  // namespace fairlead::services
