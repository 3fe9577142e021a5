#include "agent/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/trace_request.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::agent {
namespace {

using base::IpAddress;
using testing::HasSubstr;

std::vector<IpAddress> addresses_of(const std::vector<std::string>& texts) {
    std::vector<IpAddress> parsed;
    for (const auto& text : texts)
        parsed.push_back(IpAddress::parse(text).value());
    return parsed;
}

class TraceTest : public testing::Test {
  protected:
    TraceTest() {
        auto service = test::service("cart", {"10.96.0.1", "fd00:96::1"});
        service.ports.push_back({"dns", base::L4Protocol::kUdp, 53, 0, std::uint16_t{0}, ""});
        proxy_.stage(test::change({}, test::shared(std::move(service))));
        auto headless = test::service("db", {});
        headless.headless = true;
        proxy_.stage(test::change({}, test::shared(std::move(headless))));
    }
    /// "SOURCE -> ADDRESS:PORT/PROTOCOL", or why not.
    std::string packet(std::string_view query) {
        const auto packet = packet_of(ground_, query);
        if (!packet) return packet.error().message;
        const auto& [address, protocol, port] = packet->destination;
        return packet->source.to_string() + " -> " + base::format_endpoint(address, port) + "/" +
               std::string(base::name_of(protocol));
    }

    /// Port 1 is reached by IPv6 only, port 2 not at all.
    static base::Result<IpAddress> node_source(const services::Frontend& destination) {
        const bool ipv4 = destination.address.family() == base::Family::kIpv4;
        if (destination.port == 2 || (destination.port == 1 && ipv4))
            return base::fail_errno(ENETUNREACH, "route to " + destination.address.to_string());
        return IpAddress::parse(ipv4 ? "192.0.2.2" : "fd00:18::2").value();
    }

    test::FakeNftTables tables_;
    services::ServiceProxy proxy_{services::Options{}, tables_};
    TraceGround ground_{proxy_, tables_, addresses_of({"127.0.0.1", "::1", "192.0.2.2", "fd00:18::2"}),
                        node_source, [](const kube::ObjectKey& pod) -> base::Result<std::vector<IpAddress>> {
                            if (pod.to_string() == "shop/web")
                                return addresses_of({"fd00:64::9", "10.64.1.9"});
                            return base::fail(base::ErrorCode::kNotFound, "no Pod " + pod.to_string());
                        }};
};

TEST_F(TraceTest, FindsOutWhichPacketIsMeant) {
    const std::pair<const char*, const char*> cases[] = {
        {"source=10.0.0.1&destination=10.9.9.9&port=80", "10.0.0.1 -> 10.9.9.9:80/TCP"},
        {"source=10.0.0.1&destination=cart.shop&port=80", "10.0.0.1 -> 10.96.0.1:80/TCP"},
        {"source=fd00::1&destination=cart.shop&port=80", "fd00::1 -> [fd00:96::1]:80/TCP"},
        {"source=pod/web&destination=cart&port=dns&namespace=shop", "10.64.1.9 -> 10.96.0.1:53/UDP"},
        {"source=node&destination=cart.shop&port=53", "192.0.2.2 -> 10.96.0.1:53/UDP"},
        {"source=node&destination=cart.shop&port=53&protocol=tcp", "192.0.2.2 -> 10.96.0.1:53/TCP"},
        {"source=node&destination=fd00:18::1&port=53&protocol=sctp", "fd00:18::2 -> [fd00:18::1]:53/SCTP"},
        {"source=node&destination=cart.shop&port=1", "fd00:18::2 -> [fd00:96::1]:1/TCP"},
        {"source=node&destination=cart.shop&port=2",
         "this node cannot send to cart.shop: route to 10.96.0.1: Network is unreachable"},
        {"source=node&destination=cart&port=80", "there is no Service default/cart"},
        {"source=pod/none&destination=cart.shop&port=80", "no Pod default/none"},
        {"source=node&destination=db.shop&port=80",
         "the Service shop/db has no ClusterIP: its name leads to endpoints or to another name, and fairlead "
         "leaves "
         "it alone"},
        {"source=node&destination=cart.shop&port=web",
         "the Service shop/cart has no port 'web'; its ports are called http, dns"},
        {"source=node&destination=10.0.0.1&port=web", "'web' is no port: 1 to 65535 beside an address"},
        {"source=10.0.0.1&destination=fd00::1&port=80",
         "source and destination have no address of the same family"},
        {"source=x&destination=cart.shop&port=80",
         "source 'x' is neither an address, nor pod/NAME, nor node"},
        {"source=node&destination=-&port=80",
         "destination '-' is neither an address nor SERVICE or SERVICE.NAMESPACE"},
        {"source=node&port=80", "destination is missing"},
        {"source=node&destination=10.0.0.1&port=80&interface=abcdefghijklmnop",
         "'abcdefghijklmnop' is no interface's name"},
        {"source=node&source=node",
         "'source=node' is none of source, destination, port, protocol, namespace, "
         "interface with a value, or is there twice"},
    };
    for (const auto& [query, expected] : cases)
        EXPECT_EQ(packet(query), expected) << query;
}

TEST_F(TraceTest, SaysThatThereIsNoTableUntilThereIsOne) {
    const auto* const query = "source=node&destination=cart.shop&port=80";
    const auto none = trace_json(ground_, query);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("the kernel has no table 'fairlead'"));
    ASSERT_TRUE(proxy_.sync(base::Family::kIpv4, {}));
    EXPECT_THAT(
        trace_json(ground_, query).value(),
        HasSubstr(
            R"("fate":"rejected","verdict":"rejected: no endpoint of shop/cart can be used: it has none")"));
}

}  // namespace
}  // namespace fairlead::agent
