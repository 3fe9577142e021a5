#include "base/socket_address.h"

#include <gtest/gtest.h>

namespace fairlead::base {
namespace {

TEST(SocketAddress, ReadsBothFamiliesAndPrintsThemTheSame) {
    for (const std::string text : {"0.0.0.0:10256", "127.0.0.1:1", "[::]:65535", "[fd00::1]:80"}) {
        const auto address = SocketAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->to_string(), text);
    }
}

TEST(SocketAddress, RefusesEverythingElseAndQuotesIt) {
    for (const std::string text : {"", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536",
                                   "10.0.0.1:8x", "fd00::1:80", "[10.0.0.1]:80", "host:80", "[fd00::1]"}) {
        const auto address = SocketAddress::parse(text);
        ASSERT_FALSE(address) << text;
        EXPECT_NE(address.error().message.find("'" + text + "'"), std::string::npos);
    }
}

TEST(SocketAddress, OverlapsWhatTheKernelWouldNotLetASecondSocketListenOn) {
    struct Case {
        const char* a;
        const char* b;
        bool overlap;
    };
    const Case cases[] = {
        {"127.0.0.1:80", "127.0.0.1:80", true},  {"127.0.0.1:80", "127.0.0.1:81", false},
        {"127.0.0.1:80", "127.0.0.2:80", false}, {"0.0.0.0:80", "127.0.0.1:80", true},
        {"0.0.0.0:80", "127.0.0.1:81", false},   {"0.0.0.0:80", "[::1]:80", false},
        {"[::]:80", "[::1]:80", true},           {"[::]:80", "127.0.0.1:80", true},
        {"[::]:80", "0.0.0.0:80", true},
    };
    for (const auto& [a, b, overlap] : cases) {
        const auto first = SocketAddress::parse(a).value();
        const auto second = SocketAddress::parse(b).value();
        EXPECT_EQ(first.overlaps(second), overlap) << a << " " << b;
        EXPECT_EQ(second.overlaps(first), overlap) << b << " " << a;
    }
}

}  // namespace
}  // namespace fairlead::base
