#include "agent/conntrack_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMax = "/proc/sys/net/netfilter/nf_conntrack_max";
constexpr const char* kHashSize = "/sys/module/nf_conntrack/parameters/hashsize";

TEST(KernelValues, AreNoneUnlessAsked) {
    EXPECT_TRUE(kernel_values({}, 64).empty());
}

TEST(KernelValues, GiveTheMaximumByCpusWithinItsBounds) {
    struct Case {
        std::uint32_t max_per_core, min;
        unsigned cpus;
        std::uint64_t wanted;
    };
    const std::vector<Case> cases = {
        {32768, 131072, 2, 131072},
        {32768, 131072, 8, 262144},
        {32768, 131072, 128, 1'048'576},
        {0, 5000, 8, 5000},
        {100, 0, 8, 800},
        {1, 2'000'000, 8, 2'000'000},
        {2'147'483'647, 0, 256, 1'048'576},
    };
    for (const auto& [max_per_core, min, cpus, wanted] : cases) {
        ConntrackSettings settings;
        settings.max_per_core = max_per_core;
        settings.min = min;
        EXPECT_THAT(
            kernel_values(settings, cpus),
            testing::ElementsAre(KernelValue{kMax, wanted, true}, KernelValue{kHashSize, wanted / 4, true}));
    }
}

TEST(KernelValues, GiveTimeoutsInSeconds) {
    const ConntrackSettings settings{0, 0, 24h, 1h, true, 30s, 120s + 900ms};
    const auto sysctl = [](const char* name, std::uint64_t value) {
        return KernelValue{std::string("/proc/sys/net/netfilter/nf_conntrack_") + name, value, false};
    };
    EXPECT_THAT(kernel_values(settings, 1),
                testing::ElementsAre(sysctl("tcp_timeout_established", 86400),
                                     sysctl("tcp_timeout_close_wait", 3600), sysctl("tcp_be_liberal", 1),
                                     sysctl("udp_timeout", 30), sysctl("udp_timeout_stream", 120)));
}

}  // namespace
}  // namespace fairlead::agent
