#include "agent/config_file.h"

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

/// What parse_config gives, without where it comes from.
base::Result<Config> parse(std::string_view file_name, std::string_view text) {
    auto draft = parse_config(file_name, text);
    if (!draft) return std::unexpected(std::move(draft).error());
    return std::move(draft->config);
}

base::Result<Config> apply(const std::vector<Override>& overrides) {
    auto draft = apply_overrides({default_config(), {}}, overrides);
    if (!draft) return std::unexpected(std::move(draft).error());
    return std::move(draft->config);
}

TEST(ParseConfig, ReadsEveryField) {
    const auto config = parse("f.yaml", with_header("nodeName: n1\n"
                                                    "kubeconfig: /etc/kubeconfig\n"
                                                    "context: prod\n"
                                                    "server: https://10.0.0.1:6443\n"
                                                    "clusterCIDRs: [10.64.0.0/10, 'fd00:64::/48']\n"
                                                    "serviceCIDRs:\n- 10.96.0.0/12\n"
                                                    "detectLocalMode: BridgeInterface\n"
                                                    "bridgeInterface: cni0\n"
                                                    "interfaceNamePrefix: veth\n"
                                                    "nodePortAddresses: [primary, 192.0.2.0/24]\n"
                                                    "externalIPs: false\n"
                                                    "masqueradeAll: true\n"
                                                    "healthAddress: '[::]:1'\n"
                                                    "adminAddress: 127.0.0.1:2\n"
                                                    "logLevel: debug\n"
                                                    "logFormat: json\n"
                                                    "bindAddressHardFail: false\n"
                                                    "syncPeriod: 10s\n"
                                                    "oomScoreAdj: -999\n"
                                                    "conntrack:\n"
                                                    "  sizing: fixed\n"
                                                    "  maxPerCore: 32768\n"
                                                    "  min: 131072\n"
                                                    "  tcpEstablishedTimeout: 24h\n"
                                                    "  tcpCloseWaitTimeout: 1h0m0s\n"
                                                    "  tcpBeLiberal: true\n"
                                                    "  udpTimeout: 30s\n"
                                                    "  udpStreamTimeout: 2m\n"
                                                    "  warnPercent: 60\n"
                                                    "  criticalPercent: 80\n"));
    ASSERT_TRUE(config) << config.error().message;
    using namespace std::chrono_literals;
    EXPECT_EQ(config->conntrack,
              (ConntrackSettings{32768, 131072, 24h, 1h, true, 30s, 2min, conntrack::Sizing::kFixed}));
    EXPECT_EQ(config->conntrack_percents, (conntrack::FillPercents{60, 80}));
    EXPECT_FALSE(config->bind_address_hard_fail);
    EXPECT_EQ(config->sync_period, 10s);
    EXPECT_EQ(config->oom_score_adj, -999);
    EXPECT_EQ(config->node_name, "n1");
    EXPECT_EQ(config->kubeconfig, "/etc/kubeconfig");
    EXPECT_EQ(config->context, "prod");
    EXPECT_EQ(config->server, "https://10.0.0.1:6443");
    EXPECT_EQ(config->cluster_cidrs.size(), 2U);
    EXPECT_EQ(config->service_cidrs.at(0).to_string(), "10.96.0.0/12");
    EXPECT_EQ(config->detect_local, DetectLocal::kBridgeInterface);
    EXPECT_EQ(config->bridge_interface, "cni0");
    EXPECT_EQ(config->interface_name_prefix, "veth");
    EXPECT_THAT(config->node_port_addresses.to_texts(), testing::ElementsAre("primary", "192.0.2.0/24"));
    EXPECT_FALSE(config->external_ips);
    EXPECT_TRUE(config->masquerade_all);
    EXPECT_EQ(config->health_address.to_string(), "[::]:1");
    EXPECT_EQ(config->admin_address.to_string(), "127.0.0.1:2");
    EXPECT_EQ(config->log_level, base::LogLevel::kDebug);
    EXPECT_EQ(config->log_format, base::LogFormat::kJson);
}

TEST(ParseConfig, GivesTheDefaultsForAFileThatOnlyHasItsHeader) {
    const auto config = parse("f.yaml", kHeader);
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
        {with_header("clusterCIDRs:\n- 10.0.0.0/8\n- {a: b}"),
         "f.yaml:5: clusterCIDRs[1]: wants a plain value"},
        {with_header("clusterCIDRs:\n- 10.0.0.0/8\n- 10.0.0.1/8"), "f.yaml:5: clusterCIDRs[1]: '10.0.0.1/8'"},
        {with_header("nodeName: 123"), "f.yaml:3: nodeName: wants text: put '123' in quotes"},
        {with_header("nodeName: true"), "f.yaml:3: nodeName: wants text: put 'true' in quotes"},
        {with_header("manifests: 1.5"), "f.yaml:3: manifests: wants text: put '1.5' in quotes"},
        {with_header("manifests: !!int 5"), "f.yaml:3: manifests: wants text: put '5' in quotes"},
        {with_header("nodeName:"), "f.yaml:3: nodeName: wants one value"},
        {with_header("manifests: ''"), "f.yaml:3: manifests: is empty"},
        {with_header("serviceCIDRs: ['']"), "f.yaml:3: serviceCIDRs[0]: is empty"},
        {with_header("logLevel: loud"),
         "f.yaml:3: logLevel: 'loud' is not a log level (one of debug, info, warning, error)"},
        {with_header("healthAddress: localhost:80"),
         "f.yaml:3: healthAddress: 'localhost:80' is not ADDRESS:PORT"},
        {with_header("masqueradeAll: 'true'"),
         "f.yaml:3: masqueradeAll: wants true or false, without quotes"},
        {with_header("externalIPs: 1"), "f.yaml:3: externalIPs: wants true or false, without quotes"},
        {with_header("detectLocalMode: Guess"),
         "f.yaml:3: detectLocalMode: 'Guess' is none of ClusterCIDR, "},
        {with_header("nodePortAddresses: [here]"),
         "f.yaml:3: nodePortAddresses[0]: 'here' is neither a CIDR nor one of primary, localhost, all"},
        {with_header("oomScoreAdj: -1001"), "oomScoreAdj: '-1001' is no whole number from -1000 to 1000"},
        {with_header("syncPeriod: 0s"), "f.yaml:3: syncPeriod: '0s' is no time at all"},
        {with_header("conntrack: 5"), "f.yaml:3: conntrack: wants fields"},
        {with_header("conntrack:\n  max: 5"), "f.yaml:4: conntrack.max: no such field"},
        {with_header("conntrack.min: 5"), "f.yaml:3: conntrack.min: no such field"},
        {with_header("conntrack: {min: 5, min: 6}"),
         "f.yaml:3: conntrack.min: is there twice, first in line 3"},
        {with_header("conntrack: {min: '5'}"),
         "f.yaml:3: conntrack.min: wants a whole number, without quotes"},
        {with_header("conntrack: {min: 1.5}"),
         "f.yaml:3: conntrack.min: wants a whole number, without quotes"},
        {with_header("conntrack: {min: -1}"),
         "f.yaml:3: conntrack.min: '-1' is no whole number from 0 to 2147483647"},
        {with_header("conntrack: {warnPercent: 0}"),
         "f.yaml:3: conntrack.warnPercent: '0' is no whole number from 1 to 100"},
        {with_header("conntrack: {udpTimeout: 5}"), "f.yaml:3: conntrack.udpTimeout: wants text"},
        {with_header("conntrack: {udpTimeout: 5ms}"), "conntrack.udpTimeout: '5ms' is less than a second"},
        {with_header("conntrack: {udpTimeout: 5 s}"),
         "conntrack.udpTimeout: '5 s' is not a duration such as"},
        {with_header("conntrack: {tcpBeLiberal: 1}"), "conntrack.tcpBeLiberal: wants true or false"},
        {with_header("conntrack: {sizing: large}"),
         "f.yaml:3: conntrack.sizing: 'large' is neither automatic nor fixed"},
        {with_header("nodeName: a\nnodeName: b"), "f.yaml:4: nodeName: is there twice, first in line 3"},
        {with_header("nodeName: 'a"), "f.yaml:"},
        {with_header("---\nkind: AgentConfiguration\n"), "f.yaml: holds 2 documents"},
        {"# a\n---\n" + with_header("nodename: n1"), "f.yaml:5: nodename: no such field"},
        {"{apiVersion: fairlead.config/v1alpha1, kind: AgentConfiguration},", "f.yaml:1: something follows"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto config = parse("f.yaml", text);
        ASSERT_FALSE(config) << text;
        EXPECT_THAT(config.error().message, HasSubstr(wanted));
    }
}

TEST(ApplyOverrides, PutsFlagsOverTheFileAndSplitsListsAtCommas) {
    const std::vector<Override> overrides = {{setting_of("--node"), "n2"},
                                             {setting_of("--cluster-cidr"), "10.64.0.0/10,fd00::/48"}};
    const auto config = apply(overrides);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->node_name, "n2");
    EXPECT_EQ(config->cluster_cidrs.size(), 2U);
}

TEST(ApplyOverrides, NamesTheFlagThatItRefuses) {
    const std::vector<Override> overrides = {{setting_of("--service-cidr"), "10.96.0.0/99"}};
    const auto config = apply(overrides);
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
        const auto config = apply(overrides);
        ASSERT_FALSE(config) << flag;
        EXPECT_EQ(config.error().message, std::string(flag) + ": '" + text + "' has an empty value");
    }
}

TEST(Validated, RefusesWhatCannotWorkTogetherAndSaysWhereItComesFrom) {
    struct Case {
        std::string file;
        std::vector<Override> flags;
        std::string wanted;
    };
    const auto flag = [](std::string_view name, std::string_view text) {
        return Override{setting_of(name), std::string(text)};
    };
    const std::vector<Case> cases = {
        {"manifests: a\nkubeconfig: b\n",
         {},
         "f.yaml:4: manifests: excludes kubeconfig (f.yaml:5): objects come from one source"},
        {"server: http://x\n",
         {flag("--manifests", "a")},
         "--manifests: excludes server (f.yaml:4): objects come from one source"},
        {"", {flag("--manifests", "a"), flag("--kubeconfig", "b")}, "--manifests: excludes --kubeconfig: "},
        {"context: b\n", {}, "f.yaml:4: context: needs kubeconfig"},
        {"detectLocalMode: BridgeInterface\n",
         {},
         "bridgeInterface: is needed by detectLocalMode (f.yaml:4)"},
        {"interfaceNamePrefix: averylonginterfacename\n",
         {},
         "f.yaml:4: interfaceNamePrefix: 'averylonginterfacename' is longer than the name of an interface"},
        {"", {flag("--server", "ftp://x")}, "--server: 'ftp://x' is not a http:// or https:// URL"},
        {"healthAddress: 0.0.0.0:10249\n",
         {},
         "f.yaml:4: healthAddress: healthAddress 0.0.0.0:10249 and adminAddress 127.0.0.1:10249 cannot both "
         "be"},
        {"", {flag("--admin-address", "[::]:10256")}, "--admin-address: healthAddress 0.0.0.0:10256 and "},
        {"clusterCIDRs: [10.64.0.0/10]\n",
         {flag("--service-cidr", "10.96.0.0/12")},
         "--service-cidr: 10.96.0.0/12 overlaps 10.64.0.0/10 of clusterCIDRs (f.yaml:4)"},
        {"serviceCIDRs: ['fd00::/8']\nclusterCIDRs: ['fd00:64::/48']\n",
         {},
         "f.yaml:4: serviceCIDRs: fd00::/8 overlaps fd00:64::/48 of clusterCIDRs (f.yaml:5)"},
        {"conntrack: {warnPercent: 91}\n",
         {},
         "f.yaml:4: conntrack.warnPercent: 91 is more than 90 of conntrack.criticalPercent"},
        {"conntrack: {warnPercent: 40}\n",
         {flag("--conntrack-critical-percent", "30")},
         "f.yaml:4: conntrack.warnPercent: 40 is more than 30 of --conntrack-critical-percent"},
    };
    for (const auto& [file, flags, wanted] : cases) {
        auto draft = parse_config("f.yaml", with_header("nodeName: n1\n" + file));
        ASSERT_TRUE(draft) << file;
        draft = apply_overrides(*std::move(draft), flags);
        ASSERT_TRUE(draft) << file;
        const auto config = validated(*std::move(draft));
        ASSERT_FALSE(config) << wanted;
        EXPECT_THAT(config.error().message, testing::StartsWith(wanted));
    }
}

TEST(Validated, WantsANodeNameThatANodeCanHave) {
    for (const std::string name : {"", "N1", "a b", "-a", "a..b"}) {
        auto draft = ConfigDraft{default_config(), {{"nodeName", "host name"}}};
        draft.config.node_name = name;
        const auto config = validated(draft);
        ASSERT_FALSE(config) << name;
        EXPECT_THAT(config.error().message,
                    HasSubstr("host name: nodeName: '" + name + "' is no name of a Node"));
    }
    auto draft = ConfigDraft{default_config(), {}};
    draft.config.node_name = "ip-10-0-0-1.eu.internal";
    EXPECT_TRUE(validated(draft));
}

TEST(ParseConfig, TakesNumbersAndWordsInQuotesAsText) {
    const auto config =
        parse("f.yaml", with_header("nodeName: '123'\nmanifests: \"true\"\nkubeconfig: !!str 1.5\n"));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->node_name + config->manifests + config->kubeconfig, "123true1.5");
}

TEST(LogFormatIn, IsFoundInAFileThatIsOtherwiseOfNoUse) {
    EXPECT_EQ(log_format_in("logFormat: json\nnodename: x\n"), base::LogFormat::kJson);
    EXPECT_EQ(log_format_in("logging: {format: json}\nmod: x\n"), base::LogFormat::kJson);
    for (const auto* text : {"", "logging: {format: [json]}", "logging: json", "logFormat: xml",
                             "logFormat: [json]", "[json]", "logFormat: {", "a: b"})
        EXPECT_EQ(log_format_in(text), std::nullopt) << text;
}

TEST(FieldsNeedingRestart, AreTheNodeAndTheSource) {
    const auto after = parse(
        "f.yaml", with_header("nodeName: x\nmanifests: d\nlogLevel: debug\nclusterCIDRs: [10.0.0.0/8]\n"));
    ASSERT_TRUE(after);
    EXPECT_THAT(fields_needing_restart(default_config(), *after), ElementsAre("nodeName", "manifests"));
}

TEST(ToYaml, IsReadBackToTheSame) {
    const auto config = parse(
        "f.yaml", with_header("context: 'a\"b: c'\nclusterCIDRs: [10.64.0.0/10, "
                              "'fd00::/48']\nadminAddress: '[::1]:9'\nlogFormat: json\n"
                              "conntrack: {min: 5, tcpBeLiberal: true, udpTimeout: 90s, warnPercent: 7}\n"));
    ASSERT_TRUE(config) << config.error().message;
    const auto again = parse("again.yaml", to_yaml(*config));
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
