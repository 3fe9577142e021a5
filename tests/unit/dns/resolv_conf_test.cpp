#include "dns/resolv_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairlead::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> texts(const auto& values) {
    std::vector<std::string> all;
    for (const auto& value : values)
        all.push_back(value.to_string());
    return all;
}

TEST(ResolvConf, TheFileOfANodeIsUnderstoodWhole) {
    const auto conf = parse_resolv_conf(
        "# made by hand\n"
        "; the same\n"
        "nameserver 10.0.0.2\r\n"
        "nameserver\t2001:db8::53\n"
        "nameserver fe80::1%eth0\n"
        "search eu-west-1.compute.internal example.com. .\n"
        "options ndots:5 timeout:2 attempts:3 rotate trust-ad use-vc single-request edns0 ip6-dotint # why "
        "not");
    EXPECT_THAT(conf.problems, IsEmpty());
    EXPECT_THAT(texts(conf.nameservers),
                ElementsAre("10.0.0.2:53", "[2001:db8::53]:53", "[fe80::1%eth0]:53"));
    EXPECT_THAT(texts(conf.search), ElementsAre("eu-west-1.compute.internal.", "example.com.", "."));
    EXPECT_EQ(conf.ndots, 5U);
    EXPECT_EQ(conf.timeout, std::chrono::seconds(2));
    EXPECT_EQ(conf.attempts, 3U);
    EXPECT_TRUE(conf.rotate && conf.trust_ad && conf.use_vc && conf.single_request && conf.edns0);
    EXPECT_FALSE(conf.single_request_reopen || conf.no_aaaa);
    EXPECT_THAT(conf.other_options, ElementsAre("ip6-dotint"));
}

TEST(ResolvConf, AnEmptyFileHasTheDefaultsOfGlibc) {
    const auto conf = parse_resolv_conf("");
    EXPECT_THAT(conf.nameservers, IsEmpty());
    EXPECT_EQ(conf.ndots, 1U);
    EXPECT_EQ(conf.timeout, std::chrono::seconds(5));
    EXPECT_EQ(conf.attempts, 2U);
}

TEST(ResolvConf, TheLastOfSearchAndDomainCounts) {
    EXPECT_THAT(texts(parse_resolv_conf("search a b\ndomain c\n").search), ElementsAre("c."));
    EXPECT_THAT(texts(parse_resolv_conf("domain c\nsearch a b\n").search), ElementsAre("a.", "b."));
    EXPECT_THAT(parse_resolv_conf("search a b\nsearch\n").search, IsEmpty());
}

TEST(ResolvConf, NumbersThatAreTooLargeAreTheLargest) {
    const auto conf = parse_resolv_conf("options ndots:99 timeout:99999999999999 attempts:100");
    EXPECT_EQ(conf.ndots, 15U);
    EXPECT_EQ(conf.timeout, std::chrono::seconds(30));
    EXPECT_EQ(conf.attempts, 5U);
    EXPECT_THAT(conf.problems, IsEmpty());
}

TEST(ResolvConf, ALineThatIsNotUnderstoodIsNamedAndCostsOnlyItself) {
    struct Case {
        const char* line;
        const char* message;
    };
    const Case cases[] = {
        {"nameserver dns.example", "nameserver 'dns.example' is not an address"},
        {"nameserver 10.0.0.1:53", "nameserver '10.0.0.1:53' is not an address"},
        {"nameserver [::1]", "nameserver '[::1]' is not an address"},
        {"nameserver tls://10.0.0.1", "nameserver 'tls://10.0.0.1' is not an address"},
        {"nameserver 10.0.0.1%eth0", "nameserver '10.0.0.1%eth0' is not an address"},
        {"nameserver", "'nameserver' has no value"},
        {"search a..b", "search domain 'a..b'"},
        {"options ndots:many", "option 'ndots:many' wants a number"},
        {"options timeout:-1", "option 'timeout:-1' wants a number"},
        {"lookup file bind", "unknown word 'lookup'"},
    };
    for (const auto& [line, message] : cases) {
        const auto conf =
            parse_resolv_conf("nameserver 10.0.0.1\n\n" + std::string{line} + "\nnameserver 10.0.0.2\n");
        ASSERT_THAT(conf.problems, SizeIs(1)) << line;
        EXPECT_EQ(conf.problems[0].line, 3U) << line;
        EXPECT_THAT(conf.problems[0].message, HasSubstr(message));
        EXPECT_THAT(texts(conf.nameservers), ElementsAre("10.0.0.1:53", "10.0.0.2:53")) << line;
    }
}

TEST(ResolvConf, MoreServersAndDomainsThanTheLimitAreLeftOut) {
    std::string text;
    for (int i = 1; i <= 17; ++i)
        text += "nameserver 10.0.0." + std::to_string(i) + "\n";
    text += "search";
    for (int i = 1; i <= 34; ++i)
        text += " d" + std::to_string(i);
    const auto conf = parse_resolv_conf(text);
    EXPECT_THAT(conf.nameservers, SizeIs(15));
    EXPECT_THAT(conf.search, SizeIs(32));
    EXPECT_THAT(conf.problems, SizeIs(4));
}

TEST(ResolvConf, BecomesAForwardZoneForEverything) {
    const auto plain = forward_zone(parse_resolv_conf("nameserver 10.0.0.1\nnameserver 10.0.0.2\n"));
    EXPECT_TRUE(plain.zone.is_root());
    EXPECT_EQ(plain.policy, UpstreamPolicy::kSequential);
    const auto turned = forward_zone(parse_resolv_conf("nameserver 10.0.0.1\noptions rotate use-vc\n"));
    EXPECT_EQ(turned.policy, UpstreamPolicy::kRoundRobin);
    EXPECT_EQ(turned.upstreams.at(0).transport, UpstreamTransport::kTcp);
}

}  // namespace
}  // namespace fairlead::dns
