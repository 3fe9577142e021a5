#include "kube/lenient_address.h"

#include <gtest/gtest.h>

namespace fairlead::kube {
namespace {

std::string ip(std::string_view text) {
    const auto address = parse_lenient_ip(text);
    return address ? address->to_string() : "none";
}

std::string cidr(std::string_view text) {
    const auto prefix = parse_lenient_cidr(text);
    return prefix ? prefix->to_string() : "none";
}

TEST(LenientAddress, ReadsWhatTheApiServerOnceAccepted) {
    const std::pair<const char*, const char*> cases[] = {{"10.0.0.1", "10.0.0.1"},
                                                         {" 10.0.0.1\t", "10.0.0.1"},
                                                         {"010.000.0.001", "10.0.0.1"},
                                                         {"0.0.0.0", "0.0.0.0"},
                                                         {"00.00.00.00", "0.0.0.0"},
                                                         {"100.020.003.0", "100.20.3.0"},
                                                         {"010.064.0.1", "10.64.0.1"},  // decimal, not octal
                                                         {"fd00::0001", "fd00::1"},
                                                         {"::ffff:10.0.0.1", "10.0.0.1"},
                                                         {"", "none"},
                                                         {" ", "none"},
                                                         {"10.0.0.256", "none"},
                                                         {"10.0.0", "none"},
                                                         {"10.0.0.1.", "none"},
                                                         {"10. 0.0.1", "none"},
                                                         {"shop.example", "none"}};
    for (const auto& [text, wanted] : cases)
        EXPECT_EQ(ip(text), wanted) << "'" << text << "'";
}

TEST(LenientAddress, ReadsCidrsWithBlanksZerosAndHostBits) {
    const std::pair<const char*, const char*> cases[] = {{"10.0.0.0/8", "10.0.0.0/8"},
                                                         {" 10.0.0.0/8 ", "10.0.0.0/8"},
                                                         {"10.0.0.1/8", "10.0.0.0/8"},
                                                         {"010.1.2.3/016", "10.1.0.0/16"},
                                                         {"0.0.0.0/0", "0.0.0.0/0"},
                                                         {"2001:db8::1/32", "2001:db8::/32"},
                                                         {"::ffff:10.1.2.3/112", "10.1.0.0/16"},
                                                         {"::ffff:10.1.2.3/95", "none"},
                                                         {"10.0.0.0", "none"},
                                                         {"10.0.0.0/33", "none"},
                                                         {"10.0.0.0/-1", "none"},
                                                         {"10.0.0.0/", "none"},
                                                         {"10.0.0.0/8/8", "none"},
                                                         {"/8", "none"},
                                                         {"", "none"}};
    for (const auto& [text, wanted] : cases)
        EXPECT_EQ(cidr(text), wanted) << "'" << text << "'";
}

}  // namespace
}  // namespace fairlead::kube
