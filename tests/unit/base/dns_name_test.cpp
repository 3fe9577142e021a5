#include "base/dns_name.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::base {
namespace {

TEST(DnsName, LabelsAreLowerCaseLettersDigitsAndInnerDashes) {
    for (const auto& text : std::vector<std::string>{"a", "0", "cart-2", std::string(63, 'a')})
        EXPECT_TRUE(is_dns_label(text)) << text;
    for (const auto& text :
         std::vector<std::string>{"", "-a", "a-", "A", "a.b", "a b", "a_b", "ä", std::string(64, 'a')})
        EXPECT_FALSE(is_dns_label(text)) << text;
}

TEST(DnsName, SubdomainsAreLabelsJoinedByDots) {
    // The length of one part is not limited there (k8s.io/apimachinery, IsDNS1123Subdomain).
    for (const auto& text : std::vector<std::string>{"n1", "ip-10-0-0-1.eu.internal", std::string(253, 'a')})
        EXPECT_TRUE(is_dns_subdomain(text)) << text;
    for (const auto& text :
         std::vector<std::string>{"", ".", "a.", ".a", "a..b", "a.-b", "N1", std::string(254, 'a')})
        EXPECT_FALSE(is_dns_subdomain(text)) << text;
}

}  // namespace
}  // namespace fairlead::base
