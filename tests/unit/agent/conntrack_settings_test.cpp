#include "agent/conntrack_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

TEST(SizingSettings, GiveEachValueItsFileAndField) {
    ConntrackSettings settings{1, 2, 24h, 1h, true, 30s, 120s + 900ms};
    settings.sizing = conntrack::Sizing::kFixed;
    const auto sizing = sizing_settings(settings);
    EXPECT_EQ(sizing.sizing, conntrack::Sizing::kFixed);
    EXPECT_EQ(sizing.max_per_core, 1U);
    EXPECT_EQ(sizing.min, 2U);
    std::string text;
    for (const auto& [name, field, value, only_instead_of] : sizing.values) {
        EXPECT_FALSE(only_instead_of) << name;
        text += field + " " + name + " " + std::to_string(value.value_or(0)) + "\n";
    }
    EXPECT_EQ(text,
              "conntrack.tcpEstablishedTimeout nf_conntrack_tcp_timeout_established 86400\n"
              "conntrack.tcpCloseWaitTimeout nf_conntrack_tcp_timeout_close_wait 3600\n"
              "conntrack.tcpBeLiberal nf_conntrack_tcp_be_liberal 1\n"
              "conntrack.udpTimeout nf_conntrack_udp_timeout 30\n"
              "conntrack.udpStreamTimeout nf_conntrack_udp_timeout_stream 120\n");
}

TEST(SizingSettings, SetTheKernelLiberalForTheGuard) {
    ConntrackSettings settings;
    settings.guard = GuardMode::kLiberal;
    const auto liberal = sizing_settings(settings).values.at(2);
    EXPECT_EQ(liberal.name, "nf_conntrack_tcp_be_liberal");
    EXPECT_EQ(liberal.field, "conntrack.guard");
    EXPECT_EQ(liberal.value, 1);
}

TEST(SizingSettings, WantKubeProxysDefaultsInPlaceOfTheKernelsAndNothingElseUnlessAsked) {
    using Wish = std::pair<std::optional<std::uint64_t>, std::optional<std::uint64_t>>;
    constexpr Wish kNothing;
    const auto wishes = [](const ConntrackSettings& settings) {
        std::vector<Wish> all;
        for (const auto& value : sizing_settings(settings).values)
            all.emplace_back(value.value, value.only_instead_of);
        return all;
    };
    EXPECT_THAT(wishes({}),
                testing::ElementsAre(Wish{86'400, 432'000}, Wish{3'600, 60}, kNothing, kNothing, kNothing));
    ConntrackSettings fixed;
    fixed.sizing = conntrack::Sizing::kFixed;
    EXPECT_THAT(wishes(fixed), testing::Each(kNothing));
    ConntrackSettings as_it_is;
    as_it_is.tcp_established_timeout = 0s;
    as_it_is.tcp_close_wait_timeout = 60s;
    EXPECT_THAT(wishes(as_it_is), testing::ElementsAre(kNothing, Wish{60, {}}, kNothing, kNothing, kNothing));
}

}  // namespace
}  // namespace fairlead::agent
