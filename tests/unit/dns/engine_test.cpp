#include "dns/engine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/dns_engine.h"
#include "support/kube_fixture.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using test::EngineWorld;

constexpr std::string_view kStranger = "10.9.0.1";  // no pod of this node
constexpr std::string_view kPod = "10.64.0.5";

std::vector<std::string> texts(const std::vector<Record>& records) {
    std::vector<std::string> result;
    for (const Record& record : records)
        result.push_back(test::text_of(record));
    return result;
}
using Texts = std::vector<std::string>;

ResponseCode code_of(const std::optional<Message>& reply) {
    return reply ? reply->code : ResponseCode{4095};
}

TEST(DnsEngine, AServiceIsAnsweredAtOnceFromTheZone) {
    EngineWorld world;
    const auto reply = world.ask(kStranger, "WEB.shop.svc.cluster.local", RecordType::kA);
    ASSERT_TRUE(reply);
    EXPECT_EQ(texts(reply->answer), Texts{"WEB.shop.svc.cluster.local. 5 A 10.96.0.1"});
    EXPECT_TRUE(reply->authoritative);
    EXPECT_TRUE(world.questions.empty());
    EXPECT_EQ(world.engine().counts().responses[static_cast<std::size_t>(ReplySource::kZone)][0], 1U);
}

TEST(DnsEngine, AChangedServiceIsSeenByTheNextQuery) {
    EngineWorld world;
    EXPECT_EQ(code_of(world.ask(kStranger, "api.shop.svc.cluster.local", RecordType::kA)),
              ResponseCode::kNxDomain);
    world.cluster().put(test::service("api", {"10.96.0.2"}));
    world.cluster().apply();
    EXPECT_EQ(world.ask(kStranger, "api.shop.svc.cluster.local", RecordType::kA)->answer.size(), 1U);
}

TEST(DnsEngine, AnotherNameIsAskedUpstreamOnceAndThenKnown) {
    EngineWorld world;
    EXPECT_FALSE(world.ask(kStranger, "www.example.com", RecordType::kA));
    EXPECT_EQ(world.last_handling(), Handling::kLater);
    const auto first = world.last_token();
    ASSERT_EQ(world.questions_for("www.example.com"), 1U);
    world.pass(20ms);
    world.answer_addresses("www.example.com");
    const auto reply = world.late_reply(first);
    ASSERT_TRUE(reply);
    EXPECT_EQ(texts(reply->answer), Texts{"www.example.com. 60 A 192.0.2.1"});
    EXPECT_EQ(reply->id, 0x1234);

    world.pass(10s);
    const auto known = world.ask(kStranger, "www.example.com", RecordType::kA);
    ASSERT_TRUE(known);
    EXPECT_EQ(texts(known->answer), Texts{"www.example.com. 50 A 192.0.2.1"});
    EXPECT_EQ(world.engine().waiting(), 0U);
}

TEST(DnsEngine, EqualQuestionsWaitForOneAnswerAndEachGetsItsOwnReply) {
    EngineWorld world;
    std::vector<std::uint64_t> tokens;
    for (const std::string_view asked : {"www.example.com", "WWW.Example.com", "www.EXAMPLE.com"}) {
        auto packet = query_packet(asked, RecordType::kA);
        packet[1] = static_cast<std::uint8_t>(tokens.size());
        EXPECT_FALSE(world.ask("10.9.0." + std::to_string(tokens.size() + 1), packet));
        tokens.push_back(world.last_token());
    }
    EXPECT_EQ(world.questions_for("www.example.com"), 1U);
    world.answer_addresses("www.example.com");
    const Texts cases{"www.example.com.", "WWW.Example.com.", "www.EXAMPLE.com."};
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto reply = world.late_reply(tokens[i]);
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->id, 0x1200 + i);
        EXPECT_EQ(reply->questions[0].name.to_string(), cases[i]);
        EXPECT_EQ(reply->answer[0].owner.to_string(), cases[i]);
    }
    EXPECT_TRUE(world.late.empty());
}

TEST(DnsEngine, WhatIsNotAboutOneTypeOfClassInIsAnsweredByItself) {
    EngineWorld world{{.engine = {.version = "fairlead 1", .server_id = "n1"}}};
    struct Case {
        std::string_view name;
        RecordType type;
        RecordClass klass;
        ClientTransport transport;
        ResponseCode code;
        Texts answer;
        bool truncated = false;
    };
    const auto udp = ClientTransport::kUdp;
    const auto tcp = ClientTransport::kTcp;
    const std::string web = "web.shop.svc.cluster.local.";
    for (const auto& [asked, type, klass, transport, code, answer, truncated] : std::vector<Case>{
             {"version.bind",
              RecordType::kTxt,
              RecordClass::kChaos,
              udp,
              ResponseCode::kNoError,
              {"version.bind. 0 TXT \nfairlead 1"}},
             {"VERSION.server",
              RecordType::kTxt,
              RecordClass::kChaos,
              udp,
              ResponseCode::kNoError,
              {"VERSION.server. 0 TXT \nfairlead 1"}},
             {"id.server",
              RecordType::kAny,
              RecordClass::kChaos,
              tcp,
              ResponseCode::kNoError,
              {"id.server. 0 TXT \002n1"}},
             {"authors.bind", RecordType::kTxt, RecordClass::kChaos, udp, ResponseCode::kRefused, {}},
             {"version.bind", RecordType::kA, RecordClass::kChaos, udp, ResponseCode::kRefused, {}},
             {web, RecordType::kA, RecordClass{4}, udp, ResponseCode::kRefused, {}},
             {web, RecordType::kA, RecordClass::kAny, udp, ResponseCode::kRefused, {}},
             {"cluster.local", RecordType::kAxfr, RecordClass::kIn, tcp, ResponseCode::kRefused, {}},
             {"cluster.local", RecordType::kIxfr, RecordClass::kIn, tcp, ResponseCode::kRefused, {}},
             {web,
              RecordType::kAny,
              RecordClass::kIn,
              udp,
              ResponseCode::kNoError,
              {web + " 3600 HINFO \aRFC8482" + std::string(1, '\0')}},
             {"no.shop.svc.cluster.local",
              RecordType::kAny,
              RecordClass::kIn,
              udp,
              ResponseCode::kNxDomain,
              {}},
             {"example.com", RecordType::kAny, RecordClass::kIn, udp, ResponseCode::kNoError, {}, true},
         }) {
        Message message{.id = 1, .recursion_desired = true, .questions = {{name(asked), type, klass}}};
        const auto reply = world.ask(kStranger, encode_message(message), transport);
        ASSERT_TRUE(reply) << asked;
        EXPECT_EQ(reply->code, code) << asked;
        EXPECT_EQ(texts(reply->answer), answer) << asked;
        EXPECT_EQ(reply->truncated, truncated) << asked;
    }
    EXPECT_TRUE(world.questions.empty());
    EXPECT_FALSE(world.ask(kStranger, query_packet("example.com", RecordType::kAny), tcp));
    EXPECT_EQ(world.questions_for("example.com"), 1U) << "over TCP nobody forges the source";
}

TEST(DnsEngine, BrokenPacketsAreRefusedAndResponsesAreNotAnswered) {
    EngineWorld world;
    auto packet = query_packet("a.example", RecordType::kA);
    packet.push_back(0);
    EXPECT_EQ(code_of(world.ask(kStranger, packet)), ResponseCode::kFormErr);
    packet.pop_back();
    packet[2] = 0x80;
    EXPECT_FALSE(world.ask(kStranger, packet));
    EXPECT_EQ(world.last_handling(), Handling::kSilence);
    EXPECT_FALSE(world.ask(kStranger, Packet(11)));
    EXPECT_EQ(world.last_handling(), Handling::kSilence);
    EXPECT_EQ(world.engine().counts().malformed, 1U);
    EXPECT_EQ(world.engine().counts().silenced, 2U);
}

TEST(DnsEngine, WithoutRecursionOnlyWhatIsKnownIsTold) {
    EngineWorld world;
    auto packet = query_packet("www.example.com", RecordType::kA);
    packet[2] = 0;  // RD
    EXPECT_EQ(code_of(world.ask(kStranger, packet)), ResponseCode::kRefused);
    EXPECT_TRUE(world.questions.empty());
    world.ask(kStranger, "www.example.com", RecordType::kA);
    world.answer_addresses("www.example.com");
    EXPECT_EQ(world.ask(kStranger, packet)->answer.size(), 1U);
}

TEST(DnsEngine, WhenUpstreamsAreSilentTheClientHasAnErrorBeforeItAsksAgain) {
    EngineWorld world;
    world.ask(kStranger, "www.example.com", RecordType::kA);
    const auto token = world.last_token();
    world.pass(4900ms);
    EXPECT_EQ(code_of(world.late_reply(token)), ResponseCode::kServFail);
    EXPECT_EQ(world.engine().waiting(), 0U);
}

TEST(DnsEngine, AnExpiredAnswerIsGivenWhenUpstreamsAreSilent) {
    EngineWorld world;
    world.ask(kStranger, "www.example.com", RecordType::kA);
    world.answer_addresses("www.example.com");
    world.late.clear();
    world.pass(61s);
    EXPECT_FALSE(world.ask(kStranger, "www.example.com", RecordType::kA));
    const auto token = world.last_token();
    world.pass(1700ms);
    EXPECT_FALSE(world.late_reply(token));
    world.pass(200ms);
    const auto stale = world.late_reply(token);
    ASSERT_TRUE(stale);
    EXPECT_EQ(texts(stale->answer), Texts{"www.example.com. 30 A 192.0.2.1"});
    EXPECT_EQ(world.engine().counts().served_stale, 1U);
    world.pass(10s);
    EXPECT_FALSE(world.late_reply(token)) << "one reply, not another when the time is up";
    EXPECT_EQ(texts(world.ask(kStranger, "www.example.com", RecordType::kA)->answer),
              Texts{"www.example.com. 30 A 192.0.2.1"})
        << "upstreams have failed: no more waiting";
}

TEST(DnsEngine, AnExpiredAnswerIsGivenWhenUpstreamsFail) {
    EngineWorld world;
    world.ask(kStranger, "www.example.com", RecordType::kA);
    world.answer_addresses("www.example.com");
    world.late.clear();
    world.pass(61s);
    world.ask(kStranger, "www.example.com", RecordType::kA);
    const auto token = world.last_token();
    for (int i = 0; i < 10 && !world.late.size(); ++i) {
        while (world.answer("www.example.com", RecordType::kA, ResponseCode::kServFail)) {
        }
        world.pass(100ms);
    }
    const auto stale = world.late_reply(token);
    ASSERT_TRUE(stale);
    EXPECT_EQ(texts(stale->answer), Texts{"www.example.com. 30 A 192.0.2.1"});
}

TEST(DnsEngine, APopularNameIsAskedForAgainBeforeItsEndAndNobodyWaits) {
    EngineWorld world;
    world.ask(kStranger, "www.example.com", RecordType::kA);
    world.answer_addresses("www.example.com");
    for (int second = 0; second < 59 && world.questions_for("www.example.com") == 0; ++second) {
        world.pass(1s);
        ASSERT_TRUE(world.ask(kStranger, "www.example.com", RecordType::kA)) << second;
    }
    EXPECT_EQ(world.questions_for("www.example.com"), 1U);
    world.answer_addresses("www.example.com");
    world.pass(10s);
    EXPECT_TRUE(world.ask(kStranger, "www.example.com", RecordType::kA));
    EXPECT_EQ(world.engine().counts().prefetches, 1U);
}

TEST(DnsEngine, AFloodOfOneClientDoesNotCostAnother) {
    EngineWorld world{{.limits = {.most_lookups = 1000, .most_per_client = 50}}};
    unsigned refused = 0;
    for (int i = 0; i < 500; ++i) {
        EXPECT_FALSE(world.ask(kStranger, "x" + std::to_string(i) + ".example.com", RecordType::kA));
    }
    for (const LateReply& late : world.late)
        if (decode_message(late.bytes)->code == ResponseCode::kRefused) ++refused;
    EXPECT_EQ(refused, 450U);
    EXPECT_EQ(world.engine().counts().overloaded, 450U);
    world.ask("10.9.0.2", "www.example.com", RecordType::kA);
    const auto token = world.last_token();
    world.answer_addresses("www.example.com");
    EXPECT_EQ(world.late_reply(token)->answer.size(), 1U);
    EXPECT_TRUE(world.ask(kStranger, "web.shop.svc.cluster.local", RecordType::kA))
        << "the zone has no such limit";
}

TEST(DnsEngine, AnExternalNameIsFollowedToItsAddresses) {
    EngineWorld world;
    EXPECT_FALSE(world.ask(kStranger, "partner.shop.svc.cluster.local", RecordType::kA));
    const auto token = world.last_token();
    world.answer_addresses("www.partner.example");
    const Texts expected{"partner.shop.svc.cluster.local. 5 CNAME www.partner.example.",
                         "www.partner.example. 60 A 192.0.2.1"};
    EXPECT_EQ(texts(world.late_reply(token)->answer), expected);
    world.pass(10s);
    const auto known = world.ask(kStranger, "partner.shop.svc.cluster.local", RecordType::kA);
    EXPECT_EQ(texts(known->answer), (Texts{expected[0], "www.partner.example. 50 A 192.0.2.1"}));
    EXPECT_EQ(texts(world.ask(kStranger, "partner.shop.svc.cluster.local", RecordType::kCname)->answer),
              Texts{expected[0]});
}

TEST(DnsEngine, TheCodeOfAnExternalNameIsThatOfItsTarget) {
    EngineWorld world;
    world.ask(kStranger, "partner.shop.svc.cluster.local", RecordType::kA);
    auto token = world.last_token();
    world.answer_missing("www.partner.example");
    const auto missing = world.late_reply(token);
    EXPECT_EQ(code_of(missing), ResponseCode::kNxDomain);
    EXPECT_EQ(missing->answer.size(), 1U);
    EXPECT_EQ(missing->authority.size(), 1U);

    world.restart(false);
    world.ask(kStranger, "partner.shop.svc.cluster.local", RecordType::kA);
    token = world.last_token();
    world.pass(5s);
    const auto failed = world.late_reply(token);
    EXPECT_EQ(code_of(failed), ResponseCode::kServFail);
    EXPECT_TRUE(failed->answer.empty()) << "an alias alone would be kept as no data";
}

TEST(DnsEngine, AnExternalNameThatChangesMeanwhileIsFollowedToItsNewTarget) {
    EngineWorld world;
    world.ask(kStranger, "partner.shop.svc.cluster.local", RecordType::kA);
    const auto token = world.last_token();
    world.cluster().put(test::external_service("shop", "partner", "www.other.example"));
    world.cluster().apply();
    world.answer_addresses("www.partner.example");
    EXPECT_FALSE(world.late_reply(token));
    world.answer_addresses("www.other.example");
    EXPECT_EQ(world.late_reply(token)->answer.at(1).owner, name("www.other.example"));
}

class DnsEngineSearch : public testing::Test {
  protected:
    DnsEngineSearch() {
        world.add_pod("cart", kPod);
        world.pass(6s);  // clients have ended the walks that they began before the start
    }
    EngineWorld world;
    const std::string first = "www.example.com.shop.svc.cluster.local";
};

TEST_F(DnsEngineSearch, AWalkIsAnsweredAtItsFirstQuery) {
    EXPECT_FALSE(world.ask(kPod, first, RecordType::kA));
    const auto a = world.last_token();
    EXPECT_FALSE(world.ask(kPod, first, RecordType::kAaaa));
    const auto aaaa = world.last_token();
    EXPECT_EQ(world.questions_for("www.example.com"), 2U) << "A and AAAA of the absolute name";
    world.answer_addresses("www.example.com");
    EXPECT_EQ(texts(world.late_reply(a)->answer),
              (Texts{first + ". 5 CNAME www.example.com.", "www.example.com. 60 A 192.0.2.1"}));
    EXPECT_EQ(world.late_reply(aaaa)->answer.size(), 2U);
    EXPECT_TRUE(world.ask(kPod, first, RecordType::kA)) << "at once now";
    EXPECT_EQ(world.engine().counts().collapsed, 3U);
    EXPECT_EQ(world.engine().waiting(), 0U);
}

TEST_F(DnsEngineSearch, WhoIsNotKnownForCertainGetsTheTrueAnswer) {
    EXPECT_EQ(code_of(world.ask(kStranger, first, RecordType::kA)), ResponseCode::kNxDomain);
    EXPECT_TRUE(world.questions_for("www.example.com") == 0);
}

TEST_F(DnsEngineSearch, AnAbsoluteNameThatIsMissingOrFailsNeverMakesAnError) {
    world.ask(kPod, first, RecordType::kA);
    auto token = world.last_token();
    world.answer_missing("www.example.com");
    EXPECT_EQ(code_of(world.late_reply(token)), ResponseCode::kNxDomain);

    world.ask(kPod, "www.example.org.shop.svc.cluster.local", RecordType::kA);
    token = world.last_token();
    world.pass(1500ms);
    EXPECT_EQ(code_of(world.late_reply(token)), ResponseCode::kNxDomain);
    world.pass(5s);
    EXPECT_EQ(world.engine().waiting(), 0U);
}

TEST_F(DnsEngineSearch, AFloodOfWalksIsAnsweredWithoutWaiting) {
    std::size_t answered_at_once = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto reply = world.ask(kPod, "x" + std::to_string(i) + "." + first, RecordType::kA);
        if (!reply) continue;
        ++answered_at_once;
        EXPECT_EQ(code_of(reply), ResponseCode::kNxDomain);
    }
    EXPECT_LE(world.engine().waiting(), 400U) << "200 queries, and as many lookups for them";
    world.pass(10s);
    EXPECT_EQ(world.engine().waiting(), 0U);
    EXPECT_EQ(world.late.size() + answered_at_once, 1000U);
    for (const LateReply& late : world.late)
        EXPECT_EQ(decode_message(late.bytes)->code, ResponseCode::kNxDomain);
}

TEST(DnsEngine, ConfiguredHostsComeBeforeAllElse) {
    EngineWorld world{{.hosts = {{ip("192.0.2.7"), {name("db.example.com"), name("db2.example.com")}},
                                 {ip("192.0.2.8"), {name("DB.example.com")}}}}};
    EXPECT_EQ(world.ask(kStranger, "db.example.com", RecordType::kA)->answer.size(), 2U);
    const auto none = world.ask(kStranger, "db.example.com", RecordType::kAaaa);
    EXPECT_EQ(code_of(none), ResponseCode::kNoError);
    EXPECT_TRUE(none->answer.empty());
    EXPECT_EQ(texts(world.ask(kStranger, "7.2.0.192.in-addr.arpa", RecordType::kPtr)->answer),
              Texts{"7.2.0.192.in-addr.arpa. 30 PTR db.example.com."});
    EXPECT_FALSE(world.ask(kStranger, "db.example.com", RecordType::kMx))
        << "other types are upstream's to say";
}

TEST(DnsEngine, ARewrittenNameIsAnsweredAsTheOther) {
    EngineWorld world{
        {.rewrites = {
             {.from = name("shop.example.com"), .to = name("web.shop.svc.cluster.local")},
             {.from = name("old.example.com"), .to = name("new.example.com"), .restore_answer = false}}}};
    EXPECT_EQ(texts(world.ask(kStranger, "shop.example.com", RecordType::kA)->answer),
              Texts{"shop.example.com. 5 A 10.96.0.1"});
    world.ask(kStranger, "old.example.com", RecordType::kA);
    const auto token = world.last_token();
    world.answer_addresses("new.example.com");
    EXPECT_EQ(texts(world.late_reply(token)->answer), Texts{"new.example.com. 60 A 192.0.2.1"});
}

TEST(DnsEngine, WhoWaitsIsAnsweredByTheNewUpstreamsAndWhatTheOldOnesSaidIsForgotten) {
    EngineWorld world;
    world.ask(kStranger, "old.example.com", RecordType::kA);
    world.answer_addresses("old.example.com");
    world.ask(kStranger, "www.example.com", RecordType::kA);
    const auto waits = world.last_token();
    world.ask(kStranger, "partner.shop.svc.cluster.local", RecordType::kA);
    const auto follows = world.last_token();
    world.reconfigure();
    EXPECT_FALSE(world.late_reply(waits));
    EXPECT_EQ(world.questions_for("www.example.com"), 1U);
    world.answer_addresses("www.example.com");
    world.answer_addresses("www.partner.example");
    EXPECT_EQ(texts(world.late_reply(waits)->answer), Texts{"www.example.com. 60 A 192.0.2.1"});
    EXPECT_EQ(world.late_reply(follows)->answer.size(), 2U);
    EXPECT_FALSE(world.ask(kStranger, "old.example.com", RecordType::kA)) << "asked anew";
    world.pass(10s);
    EXPECT_EQ(world.engine().waiting(), 0U);
}

TEST(DnsEngine, WhoWaitsIsAnsweredAtOnceWhereTheNewConfigurationKnowsIt) {
    EngineWorld world;
    world.ask(kStranger, "db.example.com", RecordType::kA);
    const auto token = world.last_token();
    world.reconfigure({{ip("192.0.2.7"), {name("db.example.com")}}});
    EXPECT_EQ(texts(world.late_reply(token)->answer), Texts{"db.example.com. 30 A 192.0.2.7"});
    EXPECT_TRUE(world.ask(kStranger, "db.example.com", RecordType::kA));
}

TEST_F(DnsEngineSearch, AWalkThatIsUnderWayIsAnsweredFromTheNewUpstreams) {
    world.ask(kPod, first, RecordType::kA);
    const auto token = world.last_token();
    world.reconfigure();
    EXPECT_EQ(world.questions_for("www.example.com"), 2U);
    world.answer_addresses("www.example.com");
    EXPECT_EQ(texts(world.late_reply(token)->answer),
              (Texts{first + ". 5 CNAME www.example.com.", "www.example.com. 60 A 192.0.2.1"}));
}

TEST(DnsEngine, ALongAnswerIsCutOverUdpAndWholeOverTcp) {
    EngineWorld world;
    world.ask(kStranger, "many.example.com", RecordType::kA);
    std::vector<Record> records;
    for (int i = 0; i < 100; ++i)
        records.push_back(address_record(name("many.example.com"), 60, ip("192.0.2." + std::to_string(i))));
    world.answer("many.example.com", RecordType::kA, ResponseCode::kNoError, records);
    const auto udp = world.ask(kStranger, "many.example.com", RecordType::kA);
    EXPECT_TRUE(udp->truncated);
    EXPECT_EQ(udp->answer.size(), (512U - 12 - 22) / 16);
    EXPECT_EQ(world.ask(kStranger, query_packet("many.example.com", RecordType::kA, Edns{}))->answer.size(),
              (1232U - 12 - 22 - 11) / 16);
    const auto tcp =
        world.ask(kStranger, query_packet("many.example.com", RecordType::kA), ClientTransport::kTcp);
    EXPECT_FALSE(tcp->truncated);
    EXPECT_EQ(tcp->answer.size(), 100U);
}

/// Keeps what an observer is told.
class AnswerList final : public AnswerObserver {
  public:
    void answered(base::TimePoint /*now*/, const SeenAnswer& answer) override {
        seen.push_back(answer.query.name.to_string() + " " + std::string(name_of(answer.reply_source)) + " " +
                       std::to_string(answer.client.token) + " " +
                       (answer.context == nullptr ? "-" : answer.context->pod.name) + " " +
                       std::to_string(std::chrono::floor<std::chrono::milliseconds>(answer.took).count()));
    }
    Texts seen;
};

TEST(DnsEngine, AnObserverIsToldOfEachAnswerWithItsSource) {
    AnswerList answers;
    EngineWorld world{{.observer = &answers}};
    world.add_pod("p1", kPod);
    const auto expect = [&](const std::string& name, const std::string& source, const std::string& who,
                            const std::string& took_ms) {
        ASSERT_FALSE(answers.seen.empty()) << name;
        EXPECT_EQ(answers.seen.back(),
                  name + " " + source + " " + std::to_string(world.last_token()) + " " + who + " " + took_ms);
    };
    world.ask(kStranger, "web.shop.svc.cluster.local", RecordType::kA);
    expect("web.shop.svc.cluster.local.", "zone", "-", "0");
    world.ask(kPod, "cluster.local", RecordType::kAxfr);
    expect("cluster.local.", "server", "p1", "0");
    world.ask(kPod, "www.example.com", RecordType::kA);
    EXPECT_EQ(answers.seen.size(), 2U) << "there is no answer yet";
    world.pass(20ms);
    world.answer_addresses("www.example.com");
    expect("www.example.com.", "upstream", "p1", "20");
    world.ask(kStranger, "www.example.com", RecordType::kA);
    expect("www.example.com.", "cache", "-", "0");
    EXPECT_EQ(answers.seen.size(), 4U);
}

}  // namespace
}  // namespace fairlead::dns
