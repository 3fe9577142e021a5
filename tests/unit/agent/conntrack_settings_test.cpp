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
    for (const auto& [name, field, value] : sizing.values)
        text += field + " " + name + " " + std::to_string(value.value_or(0)) + "\n";
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

TEST(SizingSettings, WantNothingUnlessAsked) {
    for (const auto& value : sizing_settings({}).values)
        EXPECT_FALSE(value.value) << value.name;
}

}  // namespace
}  // namespace fairlead::agent
