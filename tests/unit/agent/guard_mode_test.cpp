#include "agent/guard_mode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config_file.h"
#include "agent/kube_proxy_config.h"
#include "agent/service_options.h"

namespace fairlead::agent {
namespace {

using services::InvalidGuard;
using testing::HasSubstr;

/// The conntrack block of a file, or what is wrong with it.
base::Result<Config> config_of(const std::string& block) {
    auto draft = parse_config(
        "f.yaml",
        "apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\nconntrack: " + block + "\n");
    if (!draft) return std::unexpected(std::move(draft).error());
    return std::move(draft->config);
}

TEST(GuardMode, FollowsFromTheTwoSettings) {
    struct Case {
        std::string block;
        GuardMode mode;
        bool liberal;
        InvalidGuard guard;
    };
    const std::vector<Case> cases = {
        {"{}", GuardMode::kEndpoints, false, InvalidGuard::kEndpoints},
        {"{guard: endpoints}", GuardMode::kEndpoints, false, InvalidGuard::kEndpoints},
        {"{guard: all}", GuardMode::kAll, false, InvalidGuard::kAll},
        {"{guard: off}", GuardMode::kOff, false, InvalidGuard::kNone},
        {"{guard: 'off'}", GuardMode::kOff, false, InvalidGuard::kNone},
        {"{guard: liberal}", GuardMode::kLiberal, true, InvalidGuard::kNone},
        {"{tcpBeLiberal: false}", GuardMode::kEndpoints, false, InvalidGuard::kEndpoints},
        {"{tcpBeLiberal: true}", GuardMode::kLiberal, true, InvalidGuard::kNone},
        {"{tcpBeLiberal: true, guard: endpoints}", GuardMode::kEndpoints, true, InvalidGuard::kEndpoints},
        {"{tcpBeLiberal: true, guard: off}", GuardMode::kOff, true, InvalidGuard::kNone},
    };
    for (const auto& [block, mode, liberal, guard] : cases) {
        const auto config = config_of(block);
        ASSERT_TRUE(config) << config.error().message;
        EXPECT_EQ(config->conntrack.guard_mode(), mode) << block;
        EXPECT_EQ(config->conntrack.is_liberal(), liberal) << block;
        EXPECT_EQ(service_options(*config, kube::Stores{}, {}).guard, guard) << block;
        EXPECT_EQ(parse_config("again.yaml", to_yaml(*config))->config, *config) << block;
    }
}

TEST(GuardMode, OfKubeProxysFileIsLiberalWhereThatIs) {
    const auto mode = [](const std::string& liberal) {
        const auto parsed = parse_kube_proxy_config(
            "f.conf",
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
            "conntrack: {tcpBeLiberal: " +
                liberal + "}\n");
        return parsed.value().draft.config.conntrack.guard_mode();
    };
    EXPECT_EQ(mode("true"), GuardMode::kLiberal);
    EXPECT_EQ(mode("false"), GuardMode::kEndpoints);
}

TEST(GuardMode, OfAnotherNameIsRefusedWithThoseThatThereAre) {
    for (const std::string word : {"on", "Endpoints", "''", "5"})
        EXPECT_THAT(config_of("{guard: " + word + "}").error().message,
                    HasSubstr("f.yaml:3: conntrack.guard: '" + (word == "''" ? "" : word) +
                              "' is none of endpoints, all, liberal, off"));
    EXPECT_THAT(config_of("{guard: [all]}").error().message, HasSubstr("conntrack.guard: wants one value"));
}

}  // namespace
}  // namespace fairlead::agent
