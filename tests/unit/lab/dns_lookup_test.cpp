#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "lab/dns_load.h"
#include "lab/dns_lookups.h"
#include "lab/outside_dns.h"
#include "lab/stub_resolver.h"

namespace fairlead::lab {
namespace {

using dns::RecordType;
using dns::ResponseCode;
using dns::WalkEnd;
using std::chrono::seconds;
using testing::HasSubstr;

dns::Name name(std::string_view text) {
    return dns::Name::parse(text).value();
}

dns::Message ask_internet(std::string_view text, RecordType type) {
    dns::Message query;
    query.id = 7;
    query.recursion_desired = true;
    query.questions = {{name(text), type}};
    return answer_as_internet(query);
}

TEST(Internet, HasTwoAddressesOfEachHostAndNothingElse) {
    for (unsigned host = 0; host < kOutsideHosts; ++host) {
        const auto ipv4 = ask_internet(outside_name(host), RecordType::kA);
        const auto ipv6 = ask_internet(outside_name(host), RecordType::kAaaa);
        ASSERT_EQ(ipv4.answer.size(), 1U);
        ASSERT_EQ(ipv6.answer.size(), 1U);
        EXPECT_EQ(dns::address_of(ipv4.answer.front())->to_string(), "203.0.113." + std::to_string(host + 1));
        EXPECT_EQ(dns::address_of(ipv6.answer.front())->family(), base::Family::kIpv6);
        const auto text = ask_internet(outside_name(host), RecordType::kTxt);
        EXPECT_EQ(text.code, ResponseCode::kNoError);
        EXPECT_TRUE(text.answer.empty());
        EXPECT_TRUE(dns::soa_of(text.authority.at(0)));
    }
    for (const auto* text : {"example.com", "site-20.example.com", "x.site-1.example.com",
                             "nobody.example.com", "site-1.example.com.corp.example"}) {
        const auto missing = ask_internet(text, RecordType::kA);
        EXPECT_EQ(missing.code, ResponseCode::kNxDomain) << text;
        EXPECT_TRUE(dns::soa_of(missing.authority.at(0))) << text;
    }
}

TEST(Internet, EchoesTheQuestionAsItWasAskedAndTheId) {
    const auto reply = ask_internet("SITE-3.example.COM", RecordType::kA);
    EXPECT_EQ(reply.id, 7);
    EXPECT_TRUE(reply.response);
    EXPECT_EQ(reply.questions.at(0).name.to_string(), "SITE-3.example.COM.");
    EXPECT_EQ(reply.answer.size(), 1U);
}

TEST(ResolverOptions, AreWhatAPodsResolvConfSays) {
    const auto options = resolver_options(
        {{"10.96.0.10", "10.0.0.2"}, {"case.svc.cluster.local", "corp.example"}, {{"ndots", "5"}}});
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_EQ(options->nameserver.to_string(), "10.96.0.10");
    EXPECT_THAT(options->walk.search,
                testing::ElementsAre(name("case.svc.cluster.local"), name("corp.example")));
    EXPECT_EQ(options->walk.ndots, 5U);
}

TEST(ResolverOptions, RefuseWhatNobodyCouldAskOrSearch) {
    struct {
        dns::ResolverSettings settings;
        const char* error;
    } const cases[] = {
        {{{}, {}, {}}, "no nameserver"},
        {{{"dns"}, {}, {}}, "dns"},
        {{{"10.96.0.10"}, {"a..b"}, {}}, "a..b"},
        {{{"10.96.0.10"}, {}, {{"ndots", "many"}}}, "ndots"},
    };
    for (const auto& one : cases) {
        const auto options = resolver_options(one.settings);
        ASSERT_FALSE(options) << one.error;
        EXPECT_THAT(options.error().message, HasSubstr(one.error));
    }
}

TimedLookup lookup(int ended_s, WalkEnd end, unsigned queries, unsigned retries, double took_s) {
    return {base::TimePoint{seconds(ended_s)}, {end, {}, queries, retries, took_s}};
}

TEST(LookupSummary, CountsWhatEndedInTheTimeByHowOftenItHadToAsk) {
    const std::vector<TimedLookup> lookups = {
        lookup(9, WalkEnd::kFound, 2, 0, 7.0),        lookup(10, WalkEnd::kFound, 2, 0, 0.1),
        lookup(11, WalkEnd::kNoSuchName, 10, 0, 0.2), lookup(12, WalkEnd::kFound, 4, 1, 1.3),
        lookup(12, WalkEnd::kTryAgain, 4, 1, 2.0),    lookup(13, WalkEnd::kNoData, 2, 0, 0.1),
        lookup(14, WalkEnd::kFound, 2, 0, 9.0),
    };
    const LookupSummary expected{.lookups = 5,
                                 .queries = 22,
                                 .at_first_try = 3,
                                 .after_one_retry = 1,
                                 .unanswered = 1,
                                 .slowest_seconds = 2.0};
    EXPECT_EQ(summarize(lookups, base::TimePoint{seconds(10)}, base::TimePoint{seconds(14)}), expected);
    EXPECT_EQ(summarize({}, base::TimePoint{}, base::TimePoint{seconds(1)}), LookupSummary{});
}

TEST(LookupKinds, AreOfDifferentNamesEach) {
    std::set<std::string> names;
    for (const auto& kind : lookup_kinds())
        for (const auto& one : kind.names)
            EXPECT_TRUE(names.insert(one).second) << one;
    EXPECT_GT(names.size(), kOutsideHosts);
}

}  // namespace
}  // namespace fairlead::lab
