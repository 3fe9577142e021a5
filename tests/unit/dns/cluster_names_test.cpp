#include "dns/cluster_names.h"

#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

using Kind = ClusterName::Kind;

TEST(ParseClusterName, TellsWhatANameAsksAbout) {
    const struct {
        const char* name;
        Kind kind;
        std::string_view namespace_wire = {};
        std::string_view service_wire = {};
        std::string_view label = {};
        std::string_view port = {};
        std::string_view protocol = {};
    } cases[] = {
        {".", Kind::kApex},
        {"dns-version", Kind::kVersion},
        {"ns.dns", Kind::kNameServer},
        {"svc", Kind::kBranch},
        {"pod", Kind::kBranch},
        {"dns", Kind::kBranch},
        {"www", Kind::kNone},
        {"ns", Kind::kNone},
        {"x.dns", Kind::kNone},
        {"a.b", Kind::kNone},
        {"shop.svc", Kind::kNamespace, "\4shop"},
        {"shop.pod", Kind::kNamespace, "\4shop"},
        {"1-2-3-4.shop.pod", Kind::kPod, "\4shop", "", "1-2-3-4"},
        {"a.1-2-3-4.shop.pod", Kind::kNone, "\4shop"},
        {"cart.shop.svc", Kind::kService, "\4shop", "\4cart\4shop\3svc"},
        {"db-0.cart.shop.svc", Kind::kEndpoint, "\4shop", "\4cart\4shop\3svc", "db-0"},
        {"_tcp.cart.shop.svc", Kind::kProtocol, "\4shop", "\4cart\4shop\3svc", "", "", "tcp"},
        {"_http._tcp.cart.shop.svc", Kind::kPort, "\4shop", "\4cart\4shop\3svc", "", "http", "tcp"},
        {"_._.cart.shop.svc", Kind::kPort, "\4shop", "\4cart\4shop\3svc"},
        {"http._tcp.cart.shop.svc", Kind::kNone, "\4shop", "\4cart\4shop\3svc"},
        {"_http.tcp.cart.shop.svc", Kind::kNone, "\4shop", "\4cart\4shop\3svc"},
        {"a.b.cart.shop.svc", Kind::kNone, "\4shop", "\4cart\4shop\3svc"},
        {"a._http._tcp.cart.shop.svc", Kind::kNone},
        {"a.b.c.d.e.f.g.h.i.j.svc", Kind::kNone},
        {"svc.svc.svc", Kind::kService, "\3svc", "\3svc\3svc\3svc"},
    };
    for (const auto& each : cases) {
        const auto name = Name::parse(each.name).value();
        const auto parsed = parse_cluster_name(name.wire().first(name.wire().size() - 1));
        EXPECT_EQ(parsed.kind, each.kind) << each.name;
        EXPECT_EQ(parsed.namespace_wire, each.namespace_wire) << each.name;
        EXPECT_EQ(parsed.service_wire, each.service_wire) << each.name;
        EXPECT_EQ(parsed.label, each.label) << each.name;
        EXPECT_EQ(parsed.port, each.port) << each.name;
        EXPECT_EQ(parsed.protocol, each.protocol) << each.name;
    }
}

}  // namespace
}  // namespace fairlead::dns
