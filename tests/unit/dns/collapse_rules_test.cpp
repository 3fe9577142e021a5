// Which queries are collapsed, and what the reply is.

#include <gmock/gmock.h>

#include "collapse_case.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using test::dns_name;
using test::dns_query;
using test::FakeAnswer;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using enum CollapseAnswer::Kind;

TEST_F(CollapseTest, FirstQueryGetsTheAnswerOfTheAbsoluteNameBehindACname) {
    EXPECT_THAT(collapsed("www.example.com", RecordType::kA),
                ElementsAre("CNAME 5 www.example.com.", "A 60 192.0.2.1"));
    EXPECT_THAT(collapsed("www.example.com", RecordType::kAaaa),
                ElementsAre("CNAME 5 www.example.com.", "AAAA 60 2001:db8::1"));
}

TEST_F(CollapseTest, TypeWithoutDataGetsNoDataOfTheClustersZoneAndNeverACnameAlone) {
    set("v4.example.com", {}, {"192.0.2.1"}, {});
    EXPECT_THAT(collapsed("v4.example.com", RecordType::kA), SizeIs(2));
    EXPECT_THAT(collapsed("v4.example.com", RecordType::kAaaa), ElementsAre("SOA cluster.local."));
    set("alias.example.com", {.alias = "cdn.example.net"}, {"192.0.2.1"}, {});
    EXPECT_THAT(collapsed("alias.example.com", RecordType::kA),
                ElementsAre("CNAME 5 alias.example.com.", "CNAME 60 cdn.example.net.", "A 60 192.0.2.1"));
    EXPECT_THAT(collapsed("alias.example.com", RecordType::kAaaa), ElementsAre("SOA cluster.local."));
}

TEST_F(CollapseTest, CnameLivesNoLongerThanWhatItLeadsTo) {
    set("short.example.com", {.ttl_s = 2}, {"192.0.2.1"}, {});
    EXPECT_THAT(collapsed("short.example.com", RecordType::kA),
                ElementsAre("CNAME 2 short.example.com.", "A 2 192.0.2.1"));
}

TEST_F(CollapseTest, OnlyAnOrdinaryQueryBeginsAWalk) {
    const auto lookup = [&](std::string_view name, RecordType type, auto change) {
        const auto held = dns_query(name, type);
        change(held->query);
        return search_lookup(*context_, held->query);
    };
    const auto as_it_is = [](Query&) {};
    const std::string name = "www.example.com" + std::string(kFirst);
    EXPECT_EQ(lookup(name, RecordType::kA, as_it_is).value().base, dns_name("www.example.com"));
    EXPECT_TRUE(lookup("WWW.Example.com.Shop.SVC.cluster.local", RecordType::kA, as_it_is));
    EXPECT_TRUE(lookup(name, RecordType::kA, [](Query& query) { query.edns.emplace(); }));
    for (const auto type : {RecordType::kSrv, RecordType::kTxt, RecordType::kHttps, RecordType::kAny})
        EXPECT_FALSE(lookup(name, type, as_it_is)) << name_of(type);
    EXPECT_FALSE(lookup(name, RecordType::kA, [](Query& query) { query.recursion_desired = false; }));
    EXPECT_FALSE(lookup(name, RecordType::kA, [](Query& query) { query.checking_disabled = true; }));
    EXPECT_FALSE(lookup(name, RecordType::kA, [](Query& query) { query.klass = RecordClass::kChaos; }));
    EXPECT_FALSE(lookup(name, RecordType::kA, [](Query& query) { query.edns = Edns{.dnssec_ok = true}; }));
}

TEST_F(CollapseTest, OnlyABaseWithADotAndFewerThanNdotsIsCollapsed) {
    struct Case {
        const char* name;
        bool begins;
    };
    const Case cases[] = {
        {"shop.svc.cluster.local", false},
        {"cart.shop.svc.cluster.local", false},
        {"a.b.shop.svc.cluster.local", true},
        {"a.b.c.d.e.shop.svc.cluster.local", true},
        {"a.b.c.d.e.f.shop.svc.cluster.local", false},
        {"a.b.bank.svc.cluster.local", false},
        {"a.b.svc.cluster.local", false},
        {"a.b.corp.example", false},
        {"www.example.com", false},
        {R"(a\.b.c.shop.svc.cluster.local)", false},
        {R"(a\032.c.shop.svc.cluster.local)", false},
        {"_x-1.c.shop.svc.cluster.local", true},
    };
    for (const auto& each : cases)
        EXPECT_EQ(search_lookup(*context_, dns_query(each.name, RecordType::kA)->query).has_value(),
                  each.begins)
            << each.name;
    context_->ndots = 1;
    EXPECT_FALSE(search_lookup(*context_, dns_query("a.b.shop.svc.cluster.local", RecordType::kA)->query));
}

TEST_F(CollapseTest, EarlierCandidateThatExistsEndsIt) {
    lookups_.existing.insert(dns_name("www.example.com.svc.cluster.local"));
    expect_own("www.example.com");
    EXPECT_THAT(lookups_.asked, IsEmpty()) << "nothing is asked for in vain";
}

TEST_F(CollapseTest, EarlierCandidateOutsideOfTheClusterMustBeMissingForBothTypes) {
    const FakeAnswer cases[] = {
        {.addresses = {"192.0.2.9"}},
        {.addresses = {}},
        {.code = ResponseCode::kNxDomain, .alias = "gone.example"},
        {.code = ResponseCode::kServFail},
        {.code = ResponseCode::kRefused},
        {.fails = true},
    };
    int i = 0;
    for (const auto& answer : cases) {
        for (const auto type : {RecordType::kA, RecordType::kAaaa}) {
            const auto base = "h" + std::to_string(++i) + ".example.com";
            set(base, {}, {"192.0.2.1"}, {"2001:db8::1"});
            lookups_.answers[{dns_name(base + ".corp.example"), type}] = answer;
            expect_own(base);
        }
    }
}

TEST_F(CollapseTest, WildcardInTheHostsDomainWins) {
    set("*.corp.example", {}, {"192.0.2.9"}, {});
    expect_own("www.example.com");
}

TEST_F(CollapseTest, DomainsOfOtherPodsWithTheSameWalkAreCheckedToo) {
    context_->checked.push_back(dns_name("lab.example"));
    set("www.example.com.lab.example", {}, {"192.0.2.9"}, {});
    expect_own("www.example.com");
}

TEST_F(CollapseTest, AbsoluteNameMustGiveAnAddressAndNoFault) {
    struct Case {
        const char* why;
        FakeAnswer a;
        FakeAnswer aaaa;
    };
    const FakeAnswer address{.addresses = {"192.0.2.1"}};
    const Case cases[] = {
        {"it does not exist", {.code = ResponseCode::kNxDomain}, {.code = ResponseCode::kNxDomain}},
        {"it has no address", {}, {}},
        {"a CNAME leads nowhere", {.alias = "gone.example"}, {.alias = "gone.example"}},
        {"SERVFAIL for both", {.code = ResponseCode::kServFail}, {.code = ResponseCode::kServFail}},
        {"SERVFAIL for one", address, {.code = ResponseCode::kServFail}},
        {"no answer for one", address, {.fails = true}},
        {"one says that there is no such name", address, {.code = ResponseCode::kNxDomain}},
        {"REFUSED", {.code = ResponseCode::kRefused}, address},
    };
    int i = 0;
    for (const auto& each : cases) {
        const auto base = "a" + std::to_string(++i) + ".example.com";
        lookups_.answers[{dns_name(base), RecordType::kA}] = each.a;
        lookups_.answers[{dns_name(base), RecordType::kAaaa}] = each.aaaa;
        expect_own(base);
    }
}

TEST_F(CollapseTest, EndpointOfAServiceOfTheNamespaceIsNotTakenForANameOutside) {
    set("web-0.dev", {}, {"192.0.2.1"}, {});
    lookups_.existing.insert(dns_name("dev.shop.svc.cluster.local"));
    expect_own("web-0.dev");
    lookups_.existing.clear();
    now_ += 10s;
    EXPECT_EQ(ask("web-0.dev", RecordType::kA).kind, kCollapsed);
}

TEST_F(CollapseTest, LaterQueryOfAnotherWalkIsNotTakenForAFirstOne) {
    set("www.example", {}, {"192.0.2.1"}, {});
    // The pod walks for www.example.shop, which does not exist: its second query looks like a first one.
    EXPECT_EQ(ask("www.example.shop", RecordType::kA).kind, kOwn);
    EXPECT_EQ(ask("www.example", RecordType::kA).kind, kOwn);
    now_ += 30s;
    EXPECT_EQ(ask("www.example", RecordType::kA).kind, kCollapsed);
    // And so for a base with too many dots, whose search comes after the absolute name.
    context_->ndots = 2;
    now_ += 30s;
    EXPECT_EQ(ask("www.example.shop", RecordType::kA).kind, kOwn);
    EXPECT_EQ(ask("www.example", RecordType::kA).kind, kOwn);
}

TEST_F(CollapseTest, ReplyThatDoesNotFitIsNotCollapsedForEitherType) {
    std::vector<std::string> many;
    for (int i = 1; i <= 26; ++i)
        many.push_back("192.0.2." + std::to_string(i));
    set("many.example.com", {}, many, {"2001:db8::1"});
    limit_ = 490;
    expect_own("many.example.com");
    limit_ = 512;
    now_ += 10s;
    for (const auto type : {RecordType::kA, RecordType::kAaaa})
        EXPECT_EQ(ask("many.example.com", type).kind, kCollapsed);
    const auto held = dns_query("many.example.com" + std::string(kFirst), RecordType::kA);
    const auto answer = ask("many.example.com", RecordType::kA);
    std::vector<std::uint8_t> out(2000);
    const auto size = write_reply(out, held->query, *answer.body, ReplyOptions{});
    limit_ = size;
    EXPECT_EQ(ask("many.example.com", RecordType::kA).kind, kCollapsed) << "it fits exactly";
    limit_ = size - 1;
    EXPECT_EQ(ask("many.example.com", RecordType::kA).kind, kOwn);
}

}  // namespace
}  // namespace fairlead::dns
