#include "dns/zone_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

std::string error_of(const std::vector<std::string>& domains, std::uint32_t ttl_s = 5) {
    ZoneOptions options;
    options.ttl_s = ttl_s;
    options.cluster_domains.clear();
    for (const auto& domain : domains)
        options.cluster_domains.push_back(Name::parse(domain).value());
    const auto checked = check(options);
    return checked ? "" : checked.error().message;
}

TEST(ZoneOptions, ThatCannotBeAreRefusedWithTheirReason) {
    EXPECT_TRUE(check(ZoneOptions{}));
    EXPECT_EQ(error_of({"cluster.local", "example.com"}, 3600), "");
    EXPECT_EQ(error_of({"cluster.local"}, 0), "");
    EXPECT_EQ(error_of({"cluster.local"}, 3601), "the TTL of 3601 s is above 3600 s");
    EXPECT_EQ(error_of({}), "there is no cluster domain");
    EXPECT_EQ(error_of({"."}), "'.' cannot be a cluster domain");
    EXPECT_EQ(error_of({"local", "cluster.local"}), "the cluster domain cluster.local. is within local.");
    EXPECT_EQ(error_of({"cluster.local", "Cluster.Local"}),
              "the cluster domain cluster.local. is within Cluster.Local.");
    const std::string label(60, 'a');
    EXPECT_THAT(error_of({label + "." + label + "." + label + "." + label}),
                testing::HasSubstr("is too long"));
}

}  // namespace
}  // namespace fairlead::dns
