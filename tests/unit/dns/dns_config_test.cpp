#include "dns/dns_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/config_words.h"
#include "dns/hosts_file.h"
#include "dns/kube_dns_config.h"
#include "dns/reverse_zone.h"

namespace fairlead::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST(UpstreamServer, IsReadFromAnyUsualSpelling) {
    const std::pair<const char*, const char*> cases[] = {
        {"10.0.0.1", "10.0.0.1:53"},
        {"10.0.0.1:5353", "10.0.0.1:5353"},
        {"2001:db8::1", "[2001:db8::1]:53"},
        {"[2001:db8::1]:54", "[2001:db8::1]:54"},
        {"[2001:db8::1]", "[2001:db8::1]:53"},
        {"fe80::1%eth0", "[fe80::1%eth0]:53"},
        {"dns://10.0.0.1", "10.0.0.1:53"},
        {"udp://10.0.0.1:1", "10.0.0.1:1"},
        {"tcp://10.0.0.1", "tcp://10.0.0.1:53"},
        {"tls://10.0.0.1", "tls://10.0.0.1:853"},
    };
    for (const auto& [text, expected] : cases) {
        const auto server = UpstreamServer::parse(text);
        ASSERT_TRUE(server) << text << ": " << server.error().message;
        EXPECT_EQ(server->to_string(), expected);
    }
    EXPECT_EQ(UpstreamServer::parse("tls://10.0.0.1%dns.example:8853")->tls_server_name, "dns.example");
}

TEST(UpstreamServer, WhatIsNoAddressIsRefusedByName) {
    for (const char* text : {"", "dns.example", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:x", "[::1", "::1]",
                             "https://10.0.0.1", "10.0.0.1%eth0", "fe80::1%", "[10.0.0.1]x:53"}) {
        const auto server = UpstreamServer::parse(text);
        ASSERT_FALSE(server) << text;
        EXPECT_THAT(server.error().message, HasSubstr("upstream '" + std::string{text} + "'"));
    }
}

TEST(Duration, IsReadAsGoWritesIt) {
    using std::chrono::milliseconds;
    EXPECT_EQ(parse_duration("90"), milliseconds(90'000));
    EXPECT_EQ(parse_duration("1m30s"), milliseconds(90'000));
    EXPECT_EQ(parse_duration("1.5h"), milliseconds(5'400'000));
    EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
    EXPECT_EQ(parse_duration("0"), milliseconds(0));
    for (const char* text : {"", "s", "-1s", "1x", "5s5", "inf", "nan", "1e9h", "999999999h", "1s "})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(HostsFile, KeepsWhatItUnderstandsAndNamesTheRest) {
    const auto file = parse_hosts_file(
        "127.0.0.1\tlocalhost localhost.localdomain # both\n\n# comment\n10.0.0.300 "
        "broken\n10.0.0.1\nfe80::1%eth0 near\n");
    ASSERT_THAT(file.entries, SizeIs(2));
    EXPECT_THAT(file.entries[0].names,
                ElementsAre(*Name::parse("localhost"), *Name::parse("localhost.localdomain")));
    EXPECT_EQ(file.entries[1].address.to_string(), "fe80::1");
    EXPECT_THAT(file.problems, ElementsAre(LineProblem{4, "'10.0.0.300' is not an address"},
                                           LineProblem{5, "no name for 10.0.0.1"}));
}

TEST(ReverseZone, IsNamedByItsNetwork) {
    const std::pair<const char*, const char*> cases[] = {
        {"10.0.0.0/8", "10.in-addr.arpa."},
        {"10.96.0.0/16", "96.10.in-addr.arpa."},
        {"0.0.0.0/0", "in-addr.arpa."},
        {"10.1.2.3/32", "3.2.1.10.in-addr.arpa."},
        {"fd00:10::/32", "0.1.0.0.0.0.d.f.ip6.arpa."},
        {"fd00::/12", "0.d.f.ip6.arpa."},
        {"example.com", "example.com."},
    };
    for (const auto& [text, zone] : cases)
        EXPECT_EQ(parse_zone(text)->to_string(), zone) << text;
    EXPECT_THAT(parse_zone("10.96.0.0/12").error().message, HasSubstr("not a multiple of 8"));
    EXPECT_FALSE(parse_zone("a..b"));
}

TEST(KubeDnsConfig, StubDomainsAndNameserversBecomeForwardZones) {
    const auto zones = parse_kube_dns_config(
        R"({"acme.local": ["1.2.3.4"], "my.cluster.local": ["2.3.4.5:5353", "[fd00::1]:53"]})",
        R"(["8.8.8.8", "8.8.4.4"])");
    ASSERT_TRUE(zones) << zones.error().message;
    ASSERT_THAT(*zones, SizeIs(3));
    EXPECT_EQ((*zones)[0].zone.to_string(), "acme.local.");
    EXPECT_EQ((*zones)[1].upstreams.at(1).to_string(), "[fd00::1]:53");
    EXPECT_TRUE((*zones)[2].zone.is_root());
    EXPECT_THAT((*zones)[2].upstreams, SizeIs(2));
    EXPECT_THAT(*parse_kube_dns_config("", ""), testing::IsEmpty());
}

TEST(KubeDnsConfig, ErrorsNameTheKeyAndTheDomain) {
    struct Case {
        const char* stub_domains;
        const char* nameservers;
        const char* message;
    };
    const Case cases[] = {
        {"[]", "", "stubDomains: wants an object"},
        {"{", "", "stubDomains: is not JSON"},
        {R"({"a..b": ["1.2.3.4"]})", "", "stubDomains 'a..b':"},
        {R"({"a": "1.2.3.4"})", "", "stubDomains 'a': wants a list"},
        {R"({"a": [1]})", "", "stubDomains 'a': wants addresses as texts"},
        {R"({"a": []})", "", "stubDomains 'a': has no address"},
        {R"({"a": ["dns.example"]})", "", "stubDomains 'a': upstream 'dns.example'"},
        {"", R"({"a": 1})", "upstreamNameservers: wants a list"},
        {"", R"(["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"])", "upstreamNameservers: has more than 3"},
    };
    for (const auto& [stub_domains, nameservers, message] : cases) {
        const auto zones = parse_kube_dns_config(stub_domains, nameservers);
        ASSERT_FALSE(zones) << message;
        EXPECT_THAT(zones.error().message, HasSubstr(message));
    }
}

}  // namespace
}  // namespace fairlead::dns
