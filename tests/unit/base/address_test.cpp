#include "base/address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::base {
namespace {

TEST(IpAddress, PrintsTheShortestFormOfWhatItParsed) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"10.0.0.1", "10.0.0.1"},          {"255.255.255.255", "255.255.255.255"},
        {"fd00:0:0::1", "fd00::1"},        {"::", "::"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto address = IpAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->to_string(), wanted);
    }
}

TEST(IpAddress, RefusesWhatIsNotAnAddressAndNamesIt) {
    for (const std::string text :
         {"", "10.0.0", "10.0.0.256", "010.0.0.1", " 10.0.0.1", "fe80::1%eth0", "10.0.0.1/8", "x"}) {
        const auto address = IpAddress::parse(text);
        ASSERT_FALSE(address) << text;
        EXPECT_NE(address.error().message.find("'" + text + "'"), std::string::npos)
            << address.error().message;
    }
}

TEST(IpAddress, IsOrderedByFamilyThenByBytes) {
    const std::string_view ordered[] = {
        "0.0.0.0", "0.0.1.255", "10.0.0.1", "127.255.255.255",    "128.0.0.0",    "255.0.0.0", "::",
        "::1",     "::ff:0",    "fd00::",   "fd00::1:0:0:0:ffff", "fd00:0:0:2::", "ff00::"};
    for (std::size_t i = 0; i < std::size(ordered); ++i)
        for (std::size_t j = 0; j < std::size(ordered); ++j) {
            const auto a = IpAddress::parse(ordered[i]).value();
            const auto b = IpAddress::parse(ordered[j]).value();
            EXPECT_EQ(a <=> b, i <=> j) << ordered[i] << " " << ordered[j];
            EXPECT_EQ(a == b, i == j) << ordered[i] << " " << ordered[j];
        }
}

TEST(Prefix, HoldsItsFirstAndLastAddressAndNoNeighbour) {
    const auto prefix = Prefix::parse("10.96.0.0/12");
    ASSERT_TRUE(prefix);
    EXPECT_EQ(prefix->last().to_string(), "10.111.255.255");
    EXPECT_TRUE(prefix->contains(*IpAddress::parse("10.96.0.0")));
    EXPECT_TRUE(prefix->contains(*IpAddress::parse("10.111.255.255")));
    EXPECT_FALSE(prefix->contains(*IpAddress::parse("10.112.0.0")));
    EXPECT_FALSE(prefix->contains(*IpAddress::parse("fd00::1")));
}

TEST(Prefix, RefusesHostBitsAndLengthsOutOfRange) {
    for (const std::string text :
         {"10.96.0.1/12", "10.0.0.0/33", "fd00::/129", "10.0.0.0", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x"})
        EXPECT_FALSE(Prefix::parse(text)) << text;
    EXPECT_TRUE(Prefix::parse("0.0.0.0/0"));
    EXPECT_TRUE(Prefix::parse("::/0"));
    EXPECT_TRUE(Prefix::parse("fd00::1/128"));
}

TEST(Prefix, OverlapsWhatItHoldsAndWhatHoldsIt) {
    const auto parse = [](std::string_view text) { return Prefix::parse(text).value(); };
    EXPECT_TRUE(parse("10.0.0.0/8").overlaps(parse("10.96.0.0/12")));
    EXPECT_TRUE(parse("10.96.0.0/12").overlaps(parse("10.0.0.0/8")));
    EXPECT_FALSE(parse("10.96.0.0/12").overlaps(parse("10.112.0.0/12")));
    EXPECT_FALSE(parse("0.0.0.0/0").overlaps(parse("::/0")));
}

TEST(L4Protocol, ReadsTheThreeNamesOfTheApiAndNoOther) {
    for (const auto protocol : {L4Protocol::kTcp, L4Protocol::kUdp, L4Protocol::kSctp})
        EXPECT_EQ(parse_l4_protocol(name_of(protocol)), protocol);
    EXPECT_FALSE(parse_l4_protocol("tcp"));
    EXPECT_FALSE(parse_l4_protocol("ICMP"));
}

TEST(FormatEndpoint, PutsBracketsAroundIpv6) {
    EXPECT_EQ(format_endpoint(*IpAddress::parse("10.0.0.1"), 80), "10.0.0.1:80");
    EXPECT_EQ(format_endpoint(*IpAddress::parse("fd00::1"), 80), "[fd00::1]:80");
}

}  // namespace
}  // namespace fairlead::base
