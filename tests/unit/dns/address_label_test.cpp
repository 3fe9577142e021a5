#include "dns/address_label.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "support/addresses.h"

namespace fairlead::dns {
namespace {

using test::address;

TEST(AddressLabel, HasDashesWhereTheAddressHasDotsAndColons) {
    const struct {
        const char* address;
        const char* label;
    } cases[] = {
        {"10.64.0.1", "10-64-0-1"},
        {"255.255.255.255", "255-255-255-255"},
        {"fd00::1", "fd00--1"},
        {"::1", "--1"},
        {"::", "--0"},
        {"fd00::", "fd00--0"},
        {"fd00:64:0:1::2", "fd00-64-0-1--2"},
        {"1:0:0:2:0:0:0:3", "1-0-0-2--3"},
        {"1:0:2:3:4:5:6:7", "1-0-2-3-4-5-6-7"},
        {"1:0:0:2:0:0:3:4", "1--2-0-0-3-4"},
        {"1111:2222:3333:4444:5555:6666:7777:8888", "1111-2222-3333-4444-5555-6666-7777-8888"},
        {"::1.2.3.4", "--102-304"},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(AddressLabel(address(each.address)).text(), each.label);
        EXPECT_EQ(parse_address_label(each.label), address(each.address));
    }
}

TEST(AddressLabel, LabelsThatAreNoAddressAreNone) {
    for (const auto* label : {"", "-", "---", "1-2-3", "1-2-3-256", "1-2-3-04", "1-2-3-4-5", "cart",
                              "1.2.3.4", "fd00--1--2", "fd00:0", "12345--1", "--ffff-102-304", "FD00--1",
                              "0000-0000-0000-0000-0000-0000-0000-0000-0000-0000"})
        EXPECT_EQ(parse_address_label(label), std::nullopt) << label;
}

TEST(AddressLabel, EveryAddressComesBack) {
    base::Random random(17);
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::byte> bytes(random.below(2) == 0 ? 4 : 16);
        for (auto& byte : bytes)
            byte = std::byte(random.below(3) == 0 ? random.below(256) : 0);
        bytes[0] |= std::byte{1};  // none that stands for an IPv4 address
        const base::IpAddress made{bytes};
        EXPECT_EQ(parse_address_label(AddressLabel(made).text()), made) << made.to_string();
    }
}

}  // namespace
}  // namespace fairlead::dns
