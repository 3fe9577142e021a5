#include "dns/reverse_name.h"

#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

TEST(ReverseName, SaysAnAddressOrTheBeginningOfOne) {
    const std::string zeros = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
    const struct {
        std::string name;
        const char* address;  ///< nullptr: no reverse name at all
        std::size_t labels = 0;
        bool whole = true;
    } cases[] = {
        {"1.0.64.10.in-addr.arpa", "10.64.0.1", 4},
        {"64.10.in-addr.arpa", "10.64.0.0", 2},
        {"in-addr.arpa", "0.0.0.0", 0},
        {"01.0.64.10.in-addr.arpa", "10.64.0.0", 3, false},
        {"256.64.10.in-addr.arpa", "10.64.0.0", 2, false},
        {"a.10.in-addr.arpa", "10.0.0.0", 1, false},
        {"1.a.10.in-addr.arpa", "10.0.0.0", 1, false},
        {"9.1.0.64.10.in-addr.arpa", "10.64.0.1", 4, false},
        {"1." + zeros + "6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa", "fd00:10:96::1", 32},
        {"d.f.ip6.arpa", "fd00::", 2},
        {"d.ip6.arpa", "d000::", 1},
        {"ip6.arpa", "::", 0},
        {"g.f.ip6.arpa", "f000::", 1, false},
        {"10.f.ip6.arpa", "f000::", 1, false},
        {"arpa", nullptr},
        {".", nullptr},
        {"xin-addr.arpa", nullptr},
        {"in-addr.arpa.example", nullptr},
        {R"(x\007in-addr.arpa)", nullptr},
        {R"(64\.10\007in-addr.arpa)", nullptr},
    };
    for (const auto& each : cases) {
        const auto reverse = parse_reverse_name(Name::parse(each.name).value());
        ASSERT_EQ(reverse.has_value(), each.address != nullptr) << each.name;
        if (!reverse) continue;
        EXPECT_EQ(reverse->address().to_string(), each.address) << each.name;
        EXPECT_EQ(reverse->labels, each.labels) << each.name;
        EXPECT_EQ(reverse->whole, each.whole) << each.name;
        EXPECT_EQ(reverse->is_address(), each.whole && (each.labels == 4 || each.labels == 32) &&
                                             (each.labels == 32) == (reverse->family == base::Family::kIpv6))
            << each.name;
    }
}

TEST(ReverseName, OfAnAddressLeadsBackToIt) {
    for (const auto* text : {"10.64.0.1", "255.0.1.200", "fd00:10:96::a", "::", "0.0.0.0"}) {
        const auto address = base::IpAddress::parse(text).value();
        const auto reverse = parse_reverse_name(reverse_name_of(address));
        ASSERT_TRUE(reverse && reverse->is_address()) << text;
        EXPECT_EQ(reverse->address(), address);
    }
    EXPECT_EQ(reverse_name_of(base::IpAddress::parse("10.64.0.1").value()).to_string(),
              "1.0.64.10.in-addr.arpa.");
}

}  // namespace
}  // namespace fairlead::dns
