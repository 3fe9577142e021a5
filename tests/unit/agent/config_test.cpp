#include "agent/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kHeader = "apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\n";

std::string with_header(std::string_view rest) {
    return std::string(kHeader) + std::string(rest);
}

const Setting* setting_of(std::string_view flag) {
    for (const auto& setting : settings())
        if (setting.flag == flag) return &setting;
    return nullptr;
}

TEST(ParseConfig, ReadsEveryField) {
    const auto config = parse_config("f.yaml", with_header("nodeName: n1\n"
                                                           "kubeconfig: /etc/kubeconfig\n"
                                                           "context: prod\n"
                                                           "server: https://10.0.0.1:6443\n"
                                                           "clusterCIDRs: [10.64.0.0/10, 'fd00:64::/48']\n"
                                                           "serviceCIDRs:\n- 10.96.0.0/12\n"
                                                           "healthAddress: '[::]:1'\n"
                                                           "adminAddress: 127.0.0.1:2\n"
                                                           "logLevel: debug\n"
                                                           "logFormat: json\n"));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->node_name, "n1");
    EXPECT_EQ(config->kubeconfig, "/etc/kubeconfig");
    EXPECT_EQ(config->context, "prod");
    EXPECT_EQ(config->server, "https://10.0.0.1:6443");
    EXPECT_EQ(config->cluster_cidrs.size(), 2U);
    EXPECT_EQ(config->service_cidrs.at(0).to_string(), "10.96.0.0/12");
    EXPECT_EQ(config->health_address.to_string(), "[::]:1");
    EXPECT_EQ(config->admin_address.to_string(), "127.0.0.1:2");
    EXPECT_EQ(config->log_level, base::LogLevel::kDebug);
    EXPECT_EQ(config->log_format, base::LogFormat::kJson);
}

TEST(ParseConfig, GivesTheDefaultsForAFileThatOnlyHasItsHeader) {
    const auto config = parse_config("f.yaml", kHeader);
    ASSERT_TRUE(config);
    EXPECT_EQ(*config, default_config());
    EXPECT_EQ(config->health_address.to_string(), "0.0.0.0:10256");
    EXPECT_EQ(config->admin_address.to_string(), "127.0.0.1:10249");
}

TEST(ParseConfig, NamesFileLineAndFieldOfWhatItRefuses) {
    struct Case {
        std::string text;
        std::string wanted;
    };
    const std::vector<Case> cases = {
        {"", "f.yaml: holds 0 documents"},
        {"[1]", "f.yaml:1: wants fields of kind AgentConfiguration"},
        {"kind: AgentConfiguration", "f.yaml:1: apiVersion: is missing"},
        {"apiVersion: v1", "f.yaml:1: apiVersion: wants 'fairlead.config/v1alpha1'"},
        {with_header("nodename: n1"), "f.yaml:3: nodename: no such field"},
        {with_header("nodeName: [n1]"), "f.yaml:3: nodeName: wants one value"},
        {with_header("nodeName: n1\nclusterCIDRs: 10.0.0.0/8"), "f.yaml:4: clusterCIDRs: wants a list"},
        {with_header("clusterCIDRs:\n- {a: b}"), "clusterCIDRs: wants a list of plain values"},
        {with_header("clusterCIDRs:\n- 10.0.0.1/8"), "clusterCIDRs: "},
        {with_header("logLevel: loud"),
         "f.yaml:3: logLevel: 'loud' is not a log level (one of debug, info, warning, error)"},
        {with_header("healthAddress: localhost:80"),
         "f.yaml:3: healthAddress: 'localhost:80' is not ADDRESS:PORT"},
        {with_header("nodeName: a\nnodeName: b"), "f.yaml:4: nodeName: is there twice, first in line 3"},
        {with_header("nodeName: 'a"), "f.yaml:"},
        {with_header("---\nkind: AgentConfiguration\n"), "f.yaml: holds 2 documents"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto config = parse_config("f.yaml", text);
        ASSERT_FALSE(config) << text;
        EXPECT_THAT(config.error().message, HasSubstr(wanted));
    }
}

TEST(ApplyOverrides, PutsFlagsOverTheFileAndSplitsListsAtCommas) {
    const std::vector<Override> overrides = {{setting_of("--node"), "n2"},
                                             {setting_of("--cluster-cidr"), "10.64.0.0/10,fd00::/48"}};
    const auto config = apply_overrides(default_config(), overrides);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->node_name, "n2");
    EXPECT_EQ(config->cluster_cidrs.size(), 2U);
}

TEST(ApplyOverrides, NamesTheFlagThatItRefuses) {
    const std::vector<Override> overrides = {{setting_of("--service-cidr"), "10.96.0.0/99"}};
    const auto config = apply_overrides(default_config(), overrides);
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message, HasSubstr("--service-cidr: "));
}

TEST(ApplyOverrides, RefusesEmptyTextInsteadOfTakingItAsNotGiven) {
    const std::vector<std::pair<std::string_view, std::string>> cases = {
        {"--manifests", ""},
        {"--node", ""},
        {"--service-cidr", ""},
        {"--service-cidr", ","},
        {"--cluster-cidr", "10.0.0.0/8,"},
    };
    for (const auto& [flag, text] : cases) {
        const std::vector<Override> overrides = {{setting_of(flag), text}};
        const auto config = apply_overrides(default_config(), overrides);
        ASSERT_FALSE(config) << flag;
        EXPECT_EQ(config.error().message, std::string(flag) + ": '" + text + "' has an empty value");
    }
}

TEST(Validate, RefusesWhatCannotWorkTogether) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"manifests: a\nkubeconfig: b\n", "manifests: excludes"},
        {"manifests: a\nserver: http://x\n", "manifests: excludes"},
        {"context: b\n", "context: needs kubeconfig"},
        {"server: ftp://x\n", "server: 'ftp://x'"},
        {"healthAddress: 127.0.0.1:10249\n", "adminAddress: is the same"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto config = parse_config("f.yaml", with_header(text));
        ASSERT_TRUE(config) << text;
        const auto valid = validate(*config);
        ASSERT_FALSE(valid) << text;
        EXPECT_THAT(valid.error().message, HasSubstr(wanted));
    }
    EXPECT_TRUE(validate(default_config()));
}

TEST(FieldsNeedingRestart, AreTheNodeAndTheSource) {
    const auto after = parse_config(
        "f.yaml", with_header("nodeName: x\nmanifests: d\nlogLevel: debug\nclusterCIDRs: [10.0.0.0/8]\n"));
    ASSERT_TRUE(after);
    EXPECT_THAT(fields_needing_restart(default_config(), *after), ElementsAre("nodeName", "manifests"));
}

TEST(ToYaml, IsReadBackToTheSame) {
    const auto config =
        parse_config("f.yaml", with_header("nodeName: 'a\"b: c'\nclusterCIDRs: [10.64.0.0/10, "
                                           "'fd00::/48']\nadminAddress: '[::1]:9'\nlogFormat: json\n"));
    ASSERT_TRUE(config) << config.error().message;
    const auto again = parse_config("again.yaml", to_yaml(*config));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *config);
}

TEST(Settings, AllHaveAFlagAndHelp) {
    for (const auto& setting : settings()) {
        EXPECT_TRUE(setting.flag.starts_with("--")) << setting.field;
        EXPECT_FALSE(setting.help.empty()) << setting.field;
    }
}

}  // namespace
}  // namespace fairlead::agent
