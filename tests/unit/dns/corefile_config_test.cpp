#include "dns/corefile_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace fairlead::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::map<std::string, std::string, std::less<>> kFiles{
    {"/etc/resolv.conf", "nameserver 10.0.0.2\nnameserver 10.0.0.3\nlookup x\n"},
    {"/etc/hosts", "127.0.0.1 localhost\n"},
    {"/etc/coredns/NodeHosts", "10.1.1.1 node-1\n10.1.1.2 node-2\nbad\n"},
};

CorefileSources sources() {
    return {{}, [](std::string_view path) -> base::Result<std::string> {
                const auto found = kFiles.find(path);
                if (found == kFiles.end())
                    return base::fail(base::ErrorCode::kNotFound, std::string{path} + ": no such file");
                return found->second;
            }};
}

CorefileConfig read(std::string_view text) {
    auto config = read_corefile("Corefile", text, sources());
    EXPECT_TRUE(config) << config.error().message;
    return config ? *std::move(config) : CorefileConfig{};
}

/// The forwards, as "zone: upstream upstream, policy".
std::vector<std::string> forwards(const CorefileConfig& config) {
    std::vector<std::string> all;
    for (const ForwardZone& zone : config.dns.forward) {
        std::string text = zone.zone.to_string() + ":";
        for (const UpstreamServer& server : zone.upstreams)
            text += " " + server.to_string();
        all.push_back(text + " " + std::string{name_of(zone.policy)});
    }
    return all;
}

std::vector<std::string> names(const std::vector<Name>& all) {
    std::vector<std::string> texts;
    for (const Name& name : all)
        texts.push_back(name.to_string());
    return texts;
}

std::vector<std::string> unsupported(const CorefileConfig& config) {
    std::vector<std::string> messages;
    for (const CorefileRemark& remark : config.remarks)
        if (remark.kind == CorefileRemark::Kind::kUnsupported) messages.push_back(remark.message);
    return messages;
}

TEST(CorefileConfig, TheStockCorefileOfAClusterIsUnderstoodWhole) {
    const auto config = read(
        ".:53 {\n"
        "    errors\n"
        "    health {\n"
        "       lameduck 5s\n"
        "    }\n"
        "    ready\n"
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n"
        "       pods insecure\n"
        "       fallthrough in-addr.arpa ip6.arpa\n"
        "       ttl 30\n"
        "    }\n"
        "    prometheus :9153\n"
        "    forward . /etc/resolv.conf {\n"
        "       max_concurrent 1000\n"
        "    }\n"
        "    cache 30\n"
        "    loop\n"
        "    reload\n"
        "    loadbalance\n"
        "}\n");
    EXPECT_THAT(unsupported(config), IsEmpty());
    EXPECT_THAT(config.remarks, SizeIs(3));  // loop, reload, and a line of resolv.conf
    ASSERT_TRUE(config.kubernetes);
    EXPECT_THAT(names(config.kubernetes->zones), ElementsAre("cluster.local.", "in-addr.arpa.", "ip6.arpa."));
    EXPECT_THAT(names(config.kubernetes->fallthrough), ElementsAre("in-addr.arpa.", "ip6.arpa."));
    EXPECT_EQ(config.kubernetes->pods, PodNames::kInsecure);
    EXPECT_EQ(config.kubernetes->ttl, std::chrono::seconds(30));
    EXPECT_FALSE(config.kubernetes->endpoint_pod_names);
    EXPECT_THAT(forwards(config), ElementsAre(".: 10.0.0.2:53 10.0.0.3:53 random"));
    EXPECT_EQ(config.dns.forward[0].ttl.most_positive, std::chrono::seconds(30));
    EXPECT_EQ(config.dns.forward[0].ttl.most_negative, std::chrono::seconds(30));
    EXPECT_EQ(config.dns.limits.most_lookups, 1000U);
    EXPECT_EQ(config.health, ":8080");
    EXPECT_EQ(config.lameduck, std::chrono::seconds(5));
    EXPECT_EQ(config.ready, ":8181");
    EXPECT_EQ(config.prometheus, ":9153");
    EXPECT_TRUE(config.log_errors && config.rotate_addresses);
    EXPECT_FALSE(config.log_queries);
    EXPECT_EQ(config.port, 53);
}

TEST(CorefileConfig, StubBlocksAndOptionsOfForwardAreUnderstood) {
    const auto config = read(
        ". {\n"
        "    forward . tls://9.9.9.9 tls://149.112.112.112%other.example {\n"
        "        tls_servername dns.quad9.net\n"
        "        policy round_robin\n"
        "        except local.example internal.example\n"
        "        health_check 5s\n"
        "    }\n"
        "}\n"
        "corp.example other.example {\n"
        "    forward . 10.0.0.1:5353 {\n"
        "        force_tcp\n"
        "        policy sequential\n"
        "    }\n"
        "    cache {\n"
        "        success 9984 30\n"
        "        denial 9984 5 1\n"
        "        servfail 2s\n"
        "        prefetch 5 1m 20%\n"
        "        serve_stale 2h\n"
        "    }\n"
        "}\n");
    EXPECT_THAT(unsupported(config), IsEmpty());
    EXPECT_THAT(forwards(config), ElementsAre(".: tls://9.9.9.9:853 tls://149.112.112.112:853 round_robin",
                                              "corp.example.: tcp://10.0.0.1:5353 sequential",
                                              "other.example.: tcp://10.0.0.1:5353 sequential"));
    EXPECT_THAT(names(config.dns.forward[0].except), ElementsAre("local.example.", "internal.example."));
    EXPECT_EQ(config.dns.forward[0].upstreams[0].tls_server_name, "dns.quad9.net");
    EXPECT_EQ(config.dns.forward[0].upstreams[1].tls_server_name, "other.example");
    using std::chrono::seconds;
    EXPECT_EQ(config.dns.forward[1].ttl, (TtlBounds{seconds(1), seconds(30), seconds(5), seconds(2)}));
    EXPECT_EQ(config.dns.cache.prefetch_hits, 5U);
    EXPECT_EQ(config.dns.cache.prefetch_percent, 20U);
    EXPECT_EQ(config.dns.cache.stale_for, std::chrono::hours(2));
}

TEST(CorefileConfig, ABlockWithoutForwardRefusesWhatItDoesNotKnow) {
    EXPECT_THAT(forwards(read(". {\n forward . 10.0.0.1\n}\ncorp.example {\n errors\n}\n")),
                ElementsAre(".: 10.0.0.1:53 random", "corp.example.: random"));
}

TEST(CorefileConfig, AForwardOfPartOfABlockLeavesTheRestRefused) {
    EXPECT_THAT(forwards(read("example {\n forward a.example 10.0.0.1\n forward other. 10.0.0.2\n}\n")),
                ElementsAre("a.example.: 10.0.0.1:53 random", "example.: random"));
}

TEST(CorefileConfig, HostsComeFromLinesAndFiles) {
    const auto config = read(
        ". {\n"
        "    hosts /etc/coredns/NodeHosts {\n"
        "        10.0.0.1 a.example b.example\n"
        "        ttl 60\n"
        "        reload 15s\n"
        "        fallthrough\n"
        "    }\n"
        "    forward . 10.0.0.2\n"
        "}\n");
    ASSERT_THAT(config.dns.hosts, SizeIs(3));
    EXPECT_THAT(names(config.dns.hosts[0].names), ElementsAre("a.example.", "b.example."));
    EXPECT_THAT(names(config.dns.hosts[2].names), ElementsAre("node-2."));
    EXPECT_THAT(unsupported(config),
                ElementsAre("Corefile:2: hosts: /etc/coredns/NodeHosts:3: 'bad' is not an address"));
    EXPECT_THAT(read(". {\n hosts\n}\n").dns.hosts, SizeIs(1));
    EXPECT_THAT(read(". {\n hosts {\n 1.2.3.4 a\n }\n}\n").dns.hosts, SizeIs(1));
}

TEST(CorefileConfig, ABadLineOfHostsIsNamedWhereItStands) {
    const auto config = read(". {\n hosts {\n 10.0.0.1 a\n bad b\n 10.0.0.2\n }\n}\n");
    EXPECT_THAT(config.dns.hosts, SizeIs(1));
    EXPECT_THAT(unsupported(config), ElementsAre("Corefile:4: hosts: 'bad' is not an address",
                                                 "Corefile:5: hosts: no name for 10.0.0.2"));
}

TEST(CorefileConfig, ExactNamesAreRewritten) {
    const char* const spellings[] = {
        "rewrite name a.example b.example",
        "rewrite name exact a.example b.example",
        "rewrite stop name exact a.example. b.example.",
        "rewrite continue name a.example b.example answer auto",
        "rewrite name a.example b.example answer name b.example a.example",
        "rewrite stop {\n name exact a.example b.example\n }",
        "rewrite stop {\n name exact a.example b.example\n answer name b.example a.example\n }",
    };
    for (const char* const spelling : spellings) {
        const auto config = read(". {\n " + std::string{spelling} + "\n}\n");
        EXPECT_THAT(config.dns.rewrites,
                    ElementsAre(NameRewrite{*Name::parse("a.example"), *Name::parse("b.example"), true}))
            << spelling;
        EXPECT_THAT(unsupported(config), IsEmpty()) << spelling;
    }
}

TEST(CorefileConfig, WhatIsNotSupportedIsNamedWithItsPlace) {
    const std::pair<std::string, const char*> cases[] = {
        {"template IN AAAA {\n rcode NOERROR\n }", "Corefile:2: template: no such plugin here"},
        {"rewrite name regex (.*) b", "Corefile:2: rewrite: only exact names are rewritten"},
        {"rewrite type ANY HINFO", "Corefile:2: rewrite: only names are rewritten"},
        {"rewrite name a b answer name c d", "Corefile:2: rewrite: in the answer only"},
        {"forward . dns.example", "Corefile:2: forward: upstream 'dns.example'"},
        {"forward . https://1.1.1.1/dns-query", "Corefile:2: forward: upstream 'https://1.1.1.1/dns-query'"},
        {"forward . /no/file", "Corefile:2: forward: /no/file: no such file"},
        {"forward .", "Corefile:2: forward: wants a zone and upstreams"},
        {"forward . 1.1.1.1 {\n policy best\n }", "Corefile:3: policy: no policy 'best'"},
        {"forward . 1.1.1.1 {\n tls a b c\n }", "Corefile:3: tls: not understood"},
        {"forward . __PILLAR__CLUSTER__DNS__",
         "Corefile:2: '__PILLAR__CLUSTER__DNS__' is a placeholder of the NodeLocal DNSCache template for the "
         "address of "
         "Service kube-dns-upstream"},
        {"bind __PILLAR__LOCAL__DNS__ 10.0.0.1", "the address that NodeLocal DNSCache listens on"},
        {"cache 30 example.com", "Corefile:2: cache: is for all zones"},
        {"cache {\n servfail 1h\n }", "Corefile:3: servfail: wants a time"},
        {"cache {\n keepttl\n }", "Corefile:3: keepttl: not understood"},
        {"kubernetes a {\n pods maybe\n }", "Corefile:3: pods: no mode 'maybe'"},
        {"kubernetes a {\n ttl 3601\n }", "Corefile:3: ttl: wants 0 to 3600 seconds"},
        {"kubernetes a {\n namespaces x\n }", "Corefile:3: namespaces: not understood"},
        {"bufsize 70000", "Corefile:2: bufsize: wants 512 to 4096 bytes"},
        {"loadbalance weighted f", "Corefile:2: loadbalance: no policy 'weighted'"},
    };
    for (const auto& [plugin, message] : cases)
        EXPECT_THAT(unsupported(read(". {\n " + plugin + "\n}\n")), ElementsAre(HasSubstr(message)))
            << plugin;
}

TEST(CorefileConfig, BlocksOfOtherPortsAndProtocolsAreLeftOut) {
    const auto config = read(
        "a:53 {\n forward . 1.1.1.1\n}\nb:1053 {\n forward . 1.1.1.2\n}\ntls://c {\n forward . 1.1.1.3\n}\n");
    EXPECT_THAT(forwards(config), ElementsAre("a.: 1.1.1.1:53 random"));
    EXPECT_THAT(unsupported(config), ElementsAre(HasSubstr("Corefile:4: 'b:1053': serves one port, 53"),
                                                 HasSubstr("Corefile:7: 'tls://c': serves plain DNS only")));
}

TEST(CorefileConfig, KeysMayBeNetworks) {
    EXPECT_THAT(
        forwards(read("10.0.0.0/8 {\n forward . 1.1.1.1\n}\nfd00::/16:53 {\n forward . 1.1.1.2\n}\n")),
        ElementsAre("10.in-addr.arpa.: 1.1.1.1:53 random", "0.0.d.f.ip6.arpa.: 1.1.1.2:53 random"));
}

TEST(CorefileConfig, BrokenSyntaxIsAnError) {
    EXPECT_THAT(read_corefile("f", ". {", sources()).error().message,
                HasSubstr("f:1: the block does not end"));
}

}  // namespace
}  // namespace fairlead::dns
