#include "agent/conntrack_settings.h"

#include <gtest/gtest.h>

#include "net/files.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

std::string read(const std::string& file) {
    return net::read_file(file).value_or("unreadable");
}

std::string sysctl(const std::string& name) {
    return read("/proc/sys/net/netfilter/nf_conntrack_" + name);
}

TEST(ApplyConntrackSettings, WritesTheTimeoutsOfThisNetworkNamespace) {
    const auto icmp = sysctl("icmp_timeout");
    apply_conntrack_settings({0, 0, 2h, 61s, true, 31s, 62s});
    EXPECT_EQ(sysctl("tcp_timeout_established"), "7200\n");
    EXPECT_EQ(sysctl("tcp_timeout_close_wait"), "61\n");
    EXPECT_EQ(sysctl("tcp_be_liberal"), "1\n");
    EXPECT_EQ(sysctl("udp_timeout"), "31\n");
    EXPECT_EQ(sysctl("udp_timeout_stream"), "62\n");
    EXPECT_EQ(sysctl("icmp_timeout"), icmp);
    apply_conntrack_settings({});
    EXPECT_EQ(sysctl("udp_timeout"), "31\n");
    EXPECT_EQ(sysctl("tcp_be_liberal"), "1\n");
}

// The maximum is not this namespace's to change, and no timeout has more seconds than an int.
TEST(ApplyConntrackSettings, LeavesWhatTheKernelRefusesAndWritesTheRest) {
    const auto max = sysctl("max");
    const auto hash_size = read("/sys/module/nf_conntrack/parameters/hashsize");
    apply_conntrack_settings({0, 2'000'000'000, 1'000'000h, 71s, false, 41s, {}});
    EXPECT_EQ(sysctl("max"), max);
    EXPECT_EQ(read("/sys/module/nf_conntrack/parameters/hashsize"), hash_size);
    EXPECT_NE(sysctl("tcp_timeout_established"), "3600000000\n");
    EXPECT_EQ(sysctl("tcp_timeout_close_wait"), "71\n");
    EXPECT_EQ(sysctl("udp_timeout"), "41\n");
}

}  // namespace
}  // namespace fairlead::agent
