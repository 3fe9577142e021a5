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

/// assign() where Services are values.
std::vector<std::string> assign(ClusterIpAllocator& allocator, std::vector<Service>& services) {
    auto pointers = test::shared_each(services);
    auto problems = allocator.assign(pointers);
    for (std::size_t i = 0; i < services.size(); ++i)
        services[i] = *pointers[i];
    return problems;
}

std::vector<std::string> assign(ClusterIpAllocator&& allocator, std::vector<Service>& services) {
    return assign(allocator, services);
}

TEST(ClusterIpAllocator, GivesTheSameAddressesToTheSameServicesAfterARestart) {
    auto first = services({"a", "b", "c"});
    auto second = first;
    EXPECT_THAT(assign(ClusterIpAllocator{ranges()}, first), IsEmpty());
    EXPECT_THAT(assign(ClusterIpAllocator{ranges()}, second), IsEmpty());
    EXPECT_EQ(first, second);
    for (const auto& service : first)
        EXPECT_TRUE(ranges()[0].contains(service.cluster_ips.at(0)));
}

TEST(ClusterIpAllocator, KeepsWhatItGaveWhateverComesAndGoes) {
    ClusterIpAllocator allocator{ranges()};
    auto before = services({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"});
    ASSERT_THAT(assign(allocator, before), IsEmpty());
    auto after = services({"x", "l", "y"});
    ASSERT_THAT(assign(allocator, after), IsEmpty());
    EXPECT_EQ(after[1].cluster_ips, before[11].cluster_ips);
    std::set<base::IpAddress> distinct;
    for (const auto& service : after)
        distinct.insert(service.cluster_ips.at(0));
    EXPECT_EQ(distinct.size(), 3U);
}

TEST(ClusterIpAllocator, FillsARangeAndSaysWhoGotNone) {
    auto many = services({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"});
    EXPECT_THAT(assign(ClusterIpAllocator{ranges()}, many),
                ElementsAre(HasSubstr("shop/o: no free IPv4 ClusterIP")));
}

TEST(ClusterIpAllocator, HonoursNamedAddressesFirstAndReportsTwoOfTheSame) {
    auto mixed = services({"a", "b"});
    mixed.push_back(test::service("c", {}));
    assign(ClusterIpAllocator{ranges()}, mixed);
    auto named = services({"a"});
    named.push_back(test::service("thief", {mixed[0].cluster_ips[0].to_string()}));
    named.push_back(test::service("twin", {mixed[0].cluster_ips[0].to_string()}));
    EXPECT_THAT(assign(ClusterIpAllocator{ranges()}, named), ElementsAre(HasSubstr("shop/twin: ClusterIP")));
    EXPECT_NE(named[0].cluster_ips[0], named[1].cluster_ips[0]);
}

TEST(ClusterIpAllocator, GivesEachFamilyThatIsAskedForAndNoneToHeadlessOrExternal) {
    auto wanted = services({"dual", "headless", "external"});
    wanted[0].ip_families = {base::Family::kIpv6, base::Family::kIpv4};
    wanted[1].headless = true;
    wanted[2].type = ServiceType::kExternalName;
    assign(ClusterIpAllocator{ranges()}, wanted);
    ASSERT_EQ(wanted[0].cluster_ips.size(), 2U);
    EXPECT_TRUE(ranges()[1].contains(wanted[0].cluster_ips[0]));
    EXPECT_THAT(wanted[1].cluster_ips, IsEmpty());
    EXPECT_THAT(wanted[2].cluster_ips, IsEmpty());
}

TEST(ClusterIpAllocator, FollowsTheFamilyPolicy) {
    using enum IpFamilyPolicy;
    struct Case {
        std::string ranges;  // "4", "6", "46"
        IpFamilyPolicy policy;
        std::string wanted;     // spec.ipFamilies
        std::string addresses;  // families of spec.clusterIPs
        std::string got;
        bool reported;
    };
    const std::vector<Case> cases = {
        {"46", kSingleStack, "", "", "4", false},       {"64", kSingleStack, "", "", "6", false},
        {"46", kPreferDualStack, "", "", "46", false},  {"46", kPreferDualStack, "6", "", "64", false},
        {"4", kPreferDualStack, "", "", "4", false},    {"4", kRequireDualStack, "", "", "4", true},
        {"46", kRequireDualStack, "", "", "46", false}, {"46", kPreferDualStack, "", "6", "64", false},
        {"46", kSingleStack, "6", "", "6", false},      {"4", kSingleStack, "6", "", "", true},
    };
    const auto family = [](char c) { return c == '4' ? base::Family::kIpv4 : base::Family::kIpv6; };
    for (const auto& one : cases) {
        std::vector<base::Prefix> chosen;
        for (const char c : one.ranges)
            chosen.push_back(ranges()[c == '4' ? 0 : 1]);
        auto wanted = services({"a"});
        wanted[0].ip_family_policy = one.policy;
        for (const char c : one.wanted)
            wanted[0].ip_families.push_back(family(c));
        for (const char c : one.addresses)
            wanted[0].cluster_ips.push_back(
                base::IpAddress::parse(c == '4' ? "10.96.0.9" : "fd00::9").value());
        EXPECT_EQ(assign(ClusterIpAllocator{chosen}, wanted).empty(), !one.reported) << one.ranges << one.got;
        std::string got;
        for (const auto& address : wanted[0].cluster_ips)
            got += address.family() == base::Family::kIpv4 ? '4' : '6';
        EXPECT_EQ(got, one.got) << one.ranges << one.wanted;
    }
}

TEST(ClusterIpAllocator, LeavesAsTheyAreServicesThatLackNothing) {
    ClusterIpAllocator allocator{ranges()};
    auto pointers = test::shared_each(services({"a", "b"}));
    allocator.assign(pointers);
    const auto first = pointers;
    allocator.assign(pointers);
    EXPECT_EQ(pointers, first) << "the very same objects: no copies";
}

TEST(ClusterIpAllocator, TakesAnAddressBackThatAnotherServiceNamesNow) {
    ClusterIpAllocator allocator{ranges()};
    auto all = services({"a"});
    ASSERT_THAT(assign(allocator, all), IsEmpty());
    const auto given = all[0].cluster_ips.at(0);
    all.push_back(test::service("owner", {given.to_string()}));
    EXPECT_THAT(assign(allocator, all), IsEmpty());
    EXPECT_NE(all[0].cluster_ips.at(0), given);
    EXPECT_EQ(all[0].cluster_ips.size(), 1U);
    EXPECT_EQ(all[1].cluster_ips.at(0), given);
}

TEST(ClusterIpAllocator, CanTakeBackAllThatItAdded) {
    auto written = services({"none", "one"});
    written[0].ip_family_policy = IpFamilyPolicy::kPreferDualStack;
    written[1].cluster_ips = {base::IpAddress::parse("fd00::9").value()};
    written[1].ip_family_policy = IpFamilyPolicy::kPreferDualStack;
    auto filled = written;
    assign(ClusterIpAllocator{ranges()}, filled);
    for (std::size_t i = 0; i < written.size(); ++i) {
        EXPECT_EQ(filled[i].cluster_ips.size(), 2U);
        EXPECT_EQ(without_allocated(filled[i]), written[i]);
    }
}

TEST(ClusterIpAllocator, GivesHeadlessServicesFamiliesOnly) {
    auto wanted = services({"a"});
    wanted[0].headless = true;
    wanted[0].ip_family_policy = IpFamilyPolicy::kPreferDualStack;
    EXPECT_THAT(assign(ClusterIpAllocator{ranges()}, wanted), IsEmpty());
    EXPECT_THAT(wanted[0].cluster_ips, IsEmpty());
    EXPECT_THAT(wanted[0].ip_families, ElementsAre(base::Family::kIpv4, base::Family::kIpv6));
}

}  // namespace
}  // namespace fairlead::kube
