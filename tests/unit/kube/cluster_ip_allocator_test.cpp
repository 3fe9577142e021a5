#include "kube/cluster_ip_allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/kube_fixture.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<base::Prefix> ranges() {
    return {base::Prefix::parse("10.96.0.0/28").value(), base::Prefix::parse("fd00:10:96::/112").value()};
}

std::vector<Service> services(std::initializer_list<std::string_view> names) {
    std::vector<Service> made;
    for (const auto name : names)
        made.push_back(test::service(name, {}));
    return made;
}

TEST(ClusterIpAllocator, GivesTheSameAddressesToTheSameServicesAfterARestart) {
    auto first = services({"a", "b", "c"});
    auto second = first;
    EXPECT_THAT(ClusterIpAllocator{ranges()}.assign(first), IsEmpty());
    EXPECT_THAT(ClusterIpAllocator{ranges()}.assign(second), IsEmpty());
    EXPECT_EQ(first, second);
    for (const auto& service : first)
        EXPECT_TRUE(ranges()[0].contains(service.cluster_ips.at(0)));
}

TEST(ClusterIpAllocator, KeepsWhatItGaveWhateverComesAndGoes) {
    ClusterIpAllocator allocator{ranges()};
    auto before = services({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"});
    ASSERT_THAT(allocator.assign(before), IsEmpty());
    auto after = services({"x", "l", "y"});
    ASSERT_THAT(allocator.assign(after), IsEmpty());
    EXPECT_EQ(after[1].cluster_ips, before[11].cluster_ips);
    std::set<base::IpAddress> distinct;
    for (const auto& service : after)
        distinct.insert(service.cluster_ips.at(0));
    EXPECT_EQ(distinct.size(), 3U);
}

TEST(ClusterIpAllocator, FillsARangeAndSaysWhoGotNone) {
    auto many = services({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"});
    EXPECT_THAT(ClusterIpAllocator{ranges()}.assign(many),
                ElementsAre(HasSubstr("shop/o: no free IPv4 ClusterIP")));
}

TEST(ClusterIpAllocator, HonoursNamedAddressesFirstAndReportsTwoOfTheSame) {
    auto mixed = services({"a", "b"});
    mixed.push_back(test::service("c", {}));
    ClusterIpAllocator{ranges()}.assign(mixed);
    auto named = services({"a"});
    named.push_back(test::service("thief", {mixed[0].cluster_ips[0].to_string()}));
    named.push_back(test::service("twin", {mixed[0].cluster_ips[0].to_string()}));
    EXPECT_THAT(ClusterIpAllocator{ranges()}.assign(named), ElementsAre(HasSubstr("shop/twin: ClusterIP")));
    EXPECT_NE(named[0].cluster_ips[0], named[1].cluster_ips[0]);
}

TEST(ClusterIpAllocator, GivesEachFamilyThatIsAskedForAndNoneToHeadlessOrExternal) {
    auto wanted = services({"dual", "headless", "external"});
    wanted[0].ip_families = {base::Family::kIpv6, base::Family::kIpv4};
    wanted[1].headless = true;
    wanted[2].type = ServiceType::kExternalName;
    ClusterIpAllocator{ranges()}.assign(wanted);
    ASSERT_EQ(wanted[0].cluster_ips.size(), 2U);
    EXPECT_TRUE(ranges()[1].contains(wanted[0].cluster_ips[0]));
    EXPECT_THAT(wanted[1].cluster_ips, IsEmpty());
    EXPECT_THAT(wanted[2].cluster_ips, IsEmpty());
}

}  // namespace
}  // namespace fairlead::kube
