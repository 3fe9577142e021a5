#include "dns/forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "dns/message.h"
#include "dns/record.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

UpstreamServer server(std::string_view text) {
    return *UpstreamServer::parse(text);
}

std::vector<ForwardZone> everything_to(std::vector<UpstreamServer> upstreams,
                                       UpstreamPolicy policy = UpstreamPolicy::kSequential) {
    ForwardZone zone;
    zone.upstreams = std::move(upstreams);
    zone.policy = policy;
    return {zone};
}

class ForwarderTest : public testing::Test {
  protected:
    void start(const std::vector<ForwardZone>& zones, const ForwardLimits& limits = {}) {
        const auto count = Forwarder::upstreams_of(zones).size();
        loops_ = std::make_shared<LoopWatch>(99, count);
        forwarder_.emplace(zones, limits, SecureRandom::Key{}, loops_);
        forwarder_->advance(now_);
        loop_probes_ = sent();
    }

    Ticket ask(std::string_view text, RecordType type = RecordType::kA) {
        return forwarder_->ask(now_, {name(text), type, false, false});
    }
    std::vector<OutgoingQuery> sent() { return forwarder_->take_output(); }
    /// The one question that went out.
    OutgoingQuery sent_one() {
        auto all = sent();
        EXPECT_THAT(all, SizeIs(1));
        return all.empty() ? OutgoingQuery{} : all[0];
    }
    void pass(base::Duration time) {
        now_ += time;
        forwarder_->advance(now_);
    }
    /// Time goes on until something is sent or completed.
    void wait() {
        while (const auto next = forwarder_->next_deadline()) {
            now_ = std::max(now_, *next);
            forwarder_->advance(now_);
            if (output_waits()) return;
        }
    }
    bool output_waits() {
        kept_output_ = forwarder_->take_output();
        kept_completed_ = forwarder_->take_completed();
        return !kept_output_.empty() || !kept_completed_.empty();
    }

    static Message reply_to(const OutgoingQuery& query, ResponseCode code = ResponseCode::kNoError) {
        Message message = *decode_message(query.bytes);
        message.response = true;
        message.recursion_available = true;
        message.code = code;
        return message;
    }
    static Message address_for(const OutgoingQuery& query) {
        Message message = reply_to(query);
        message.answer = {
            address_record(message.questions[0].name, 60, *base::IpAddress::parse("192.0.2.1"))};
        return message;
    }
    void give(const OutgoingQuery& query, const Message& message) {
        forwarder_->received(now_, query.exchange, encode_message(message));
    }
    std::vector<Completed> completed() { return forwarder_->take_completed(); }
    Completed completed_one() {
        auto all = completed();
        EXPECT_THAT(all, SizeIs(1));
        return all.empty() ? Completed{} : std::move(all[0]);
    }

    base::TimePoint now_{1h};
    std::shared_ptr<LoopWatch> loops_;
    std::optional<Forwarder> forwarder_;
    std::vector<OutgoingQuery> loop_probes_;
    std::vector<OutgoingQuery> kept_output_;
    std::vector<Completed> kept_completed_;
};

TEST_F(ForwarderTest, AQuestionIsAskedAndItsAnswerGiven) {
    start(everything_to({server("10.0.0.1")}));
    const Ticket ticket = forwarder_->ask(now_, {name("www.example.com"), RecordType::kAaaa, true, true});
    const OutgoingQuery query = sent_one();
    EXPECT_EQ(query.transport, UpstreamTransport::kUdp);
    const Message message = *decode_message(query.bytes);
    EXPECT_TRUE(message.recursion_desired && message.checking_disabled && message.authentic_data);
    EXPECT_EQ(message.questions,
              (std::vector<Question>{{name("www.example.com"), RecordType::kAaaa, RecordClass::kIn}}));
    ASSERT_TRUE(message.edns);
    EXPECT_EQ(message.edns->udp_payload, 1232);
    EXPECT_TRUE(message.edns->dnssec_ok);

    now_ += 20ms;
    Message reply = reply_to(query);
    reply.authority = {soa_record(name("example.com"), 100, {name("ns"), name("root"), 1, 2, 3, 4, 50})};
    give(query, reply);
    const Completed done = completed_one();
    EXPECT_THAT(done.tickets, ElementsAre(ticket));
    EXPECT_EQ(done.outcome, ForwardOutcome::kAnswered);
    EXPECT_EQ(done.body->code, ResponseCode::kNoError);
    EXPECT_EQ(done.body->authorities, 1);
    EXPECT_EQ(done.lifetime, 50s);
    EXPECT_EQ(done.upstream, 0U);
    EXPECT_EQ(done.took, 20ms);
    EXPECT_THAT(forwarder_->take_closed(), ElementsAre(query.exchange));
    EXPECT_EQ(forwarder_->under_way(), 0U);
}

TEST_F(ForwarderTest, EqualQuestionsAreOne) {
    start(everything_to({server("10.0.0.1")}));
    const Ticket first = ask("a.example");
    const Ticket second = ask("A.example");
    const Ticket other_type = ask("a.example", RecordType::kAaaa);
    const auto queries = sent();
    ASSERT_THAT(queries, SizeIs(2));
    give(queries[0], address_for(queries[0]));
    EXPECT_THAT(completed_one().tickets, ElementsAre(first, second));
    give(queries[1], reply_to(queries[1]));
    EXPECT_THAT(completed_one().tickets, ElementsAre(other_type));
    EXPECT_EQ(forwarder_->stats().joined, 1U);
}

TEST_F(ForwarderTest, OnlyAReplyToTheVeryQuestionIsTaken) {
    start(everything_to({server("10.0.0.1")}));
    ask("www.example.com");
    ask("other.example.com");
    const auto queries = sent();
    ASSERT_THAT(queries, SizeIs(2));
    const Message right = address_for(queries[0]);
    const std::pair<const char*, std::function<void(Message&)>> forgeries[] = {
        {"id", [](Message& message) { message.id ^= 1U; }},
        {"name", [](Message& message) { message.questions[0].name = name("www.example.org"); }},
        {"type", [](Message& message) { message.questions[0].type = RecordType::kTxt; }},
        {"class", [](Message& message) { message.questions[0].klass = RecordClass::kChaos; }},
        {"no reply", [](Message& message) { message.response = false; }},
        {"opcode", [](Message& message) { message.opcode = 4; }},
        {"two questions", [](Message& message) { message.questions.push_back(message.questions[0]); }},
        {"no question", [](Message& message) { message.questions.clear(); }},
        {"letter case", [](Message& message) { message.questions[0].name = name("www.example.com"); }},
    };
    for (const auto& [what, forge] : forgeries) {
        Message forged = right;
        forge(forged);
        give(queries[0], forged);
        EXPECT_THAT(completed(), IsEmpty()) << what;
    }
    forwarder_->received(now_, queries[0].exchange, Bytes{});
    forwarder_->received(now_, queries[1].exchange, encode_message(right));  // for another exchange
    forwarder_->received(now_, ExchangeId{12345}, encode_message(right));
    EXPECT_THAT(completed(), IsEmpty());
    give(queries[0], right);
    EXPECT_EQ(completed_one().body->answers, 1);
    EXPECT_EQ(forwarder_->stats().foreign_replies, 11U);
    EXPECT_EQ(forwarder_->stats().wrong_case_replies, 1U);
}

TEST_F(ForwarderTest, ASilentUpstreamIsAskedAgainAndThenTheOtherAndAllEndsInTime) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    const auto begin = now_;
    ask("a.example");
    std::vector<std::size_t> asked{sent_one().upstream};
    while (true) {
        wait();
        for (const auto& query : kept_output_)
            if (decode_message(query.bytes)->questions[0].name == name("a.example"))
                asked.push_back(query.upstream);
        if (!kept_completed_.empty()) break;
    }
    EXPECT_THAT(asked, ElementsAre(0, 1, 0, 1));
    ASSERT_THAT(kept_completed_, SizeIs(1));
    EXPECT_EQ(kept_completed_[0].outcome, ForwardOutcome::kTimedOut);
    EXPECT_EQ(kept_completed_[0].body->code, ResponseCode::kServFail);
    EXPECT_EQ(kept_completed_[0].lifetime, 5s);
    EXPECT_EQ(now_ - begin, Forwarder::kBudget);
}

TEST_F(ForwarderTest, ALateReplyToTheFirstQuestionStillCounts) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    ask("a.example");
    const OutgoingQuery first = sent_one();
    pass(3s);
    EXPECT_THAT(sent(), testing::Not(IsEmpty()));
    give(first, address_for(first));
    const Completed done = completed_one();
    EXPECT_EQ(done.body->answers, 1);
    EXPECT_EQ(done.upstream, 0U);
}

TEST_F(ForwarderTest, AnErrorLeadsToAnotherUpstreamAtOnce) {
    for (const ResponseCode code : {ResponseCode::kServFail, ResponseCode::kRefused, ResponseCode::kNotImp}) {
        start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
        ask("a.example");
        const OutgoingQuery first = sent_one();
        give(first, reply_to(first, code));
        const OutgoingQuery second = sent_one();
        EXPECT_EQ(second.upstream, 1U);
        give(second, address_for(second));
        EXPECT_EQ(completed_one().body->code, ResponseCode::kNoError) << name_of(code);
    }
}

TEST_F(ForwarderTest, WhenAllUpstreamsGiveErrorsTheClientGetsTheLastAtOnce) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    ask("a.example");
    const OutgoingQuery first = sent_one();
    give(first, reply_to(first, ResponseCode::kServFail));
    const OutgoingQuery second = sent_one();
    give(second, reply_to(second, ResponseCode::kRefused));
    const Completed done = completed_one();
    EXPECT_EQ(done.outcome, ForwardOutcome::kAnswered);
    EXPECT_EQ(done.body->code, ResponseCode::kRefused);
    EXPECT_EQ(done.lifetime, 5s);
}

TEST_F(ForwarderTest, ALameServerIsPassedOver) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    ask("a.example");
    const OutgoingQuery first = sent_one();
    Message referral = reply_to(first);
    referral.recursion_available = false;
    referral.authority = {ns_record(name("example"), 60, name("ns.example"))};
    give(first, referral);
    EXPECT_EQ(sent_one().upstream, 1U);
}

TEST_F(ForwarderTest, NxdomainIsAnAnswer) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    ask("a.example");
    const OutgoingQuery query = sent_one();
    give(query, reply_to(query, ResponseCode::kNxDomain));
    EXPECT_EQ(completed_one().body->code, ResponseCode::kNxDomain);
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(ForwarderTest, ATruncatedReplyIsAskedForOverTcpEvenIfItIsCutMidway) {
    start(everything_to({server("10.0.0.1")}));
    ask("a.example");
    const OutgoingQuery query = sent_one();
    Message reply = address_for(query);
    reply.truncated = true;
    auto packet = encode_message(reply);
    packet.resize(packet.size() - 3);
    forwarder_->received(now_, query.exchange, packet);
    const OutgoingQuery again = sent_one();
    EXPECT_EQ(again.transport, UpstreamTransport::kTcp);
    EXPECT_EQ(again.upstream, 0U);
    pass(900ms);
    EXPECT_THAT(sent(), IsEmpty()) << "a connection takes its time";
    give(again, address_for(again));
    EXPECT_EQ(completed_one().body->answers, 1);
    EXPECT_EQ(forwarder_->stats().tcp_after_truncation, 1U);
}

TEST_F(ForwarderTest, AServerThatDoesNotUnderstandEdnsIsAskedWithoutFromThenOn) {
    start(everything_to({server("10.0.0.1")}));
    ask("a.example");
    const OutgoingQuery query = sent_one();
    Message error = reply_to(query, ResponseCode::kFormErr);
    error.edns.reset();
    error.questions.clear();  // as some of them do
    give(query, error);
    const OutgoingQuery plain = sent_one();
    EXPECT_FALSE(decode_message(plain.bytes)->edns);
    give(plain, address_for(plain));
    EXPECT_EQ(completed_one().body->answers, 1);
    ask("b.example");
    EXPECT_FALSE(decode_message(sent_one().bytes)->edns);
    EXPECT_FALSE(forwarder_->upstreams(now_)[0].has_edns);
    pass(11min);
    sent();
    ask("c.example");
    EXPECT_TRUE(decode_message(sent_one().bytes)->edns);
}

TEST_F(ForwarderTest, FormerrWithAndWithoutEdnsIsAnErrorAsAnyOther) {
    start(everything_to({server("10.0.0.1")}));
    ask("a.example");
    const OutgoingQuery query = sent_one();
    give(query, reply_to(query, ResponseCode::kFormErr));
    const OutgoingQuery plain = sent_one();
    give(plain, reply_to(plain, ResponseCode::kFormErr));
    EXPECT_EQ(completed_one().body->code, ResponseCode::kFormErr);
    EXPECT_TRUE(forwarder_->upstreams(now_)[0].has_edns);
}

TEST_F(ForwarderTest, AServerThatDoesNotKeepTheCaseIsFoundOutOverTcp) {
    start(everything_to({server("10.0.0.1")}));
    const auto lowered = [](const OutgoingQuery& query) {
        Message message = address_for(query);
        message.questions[0].name = message.questions[0].name.lowered();
        return message;
    };
    ask("www.some-long-name.example.com");
    const OutgoingQuery first = sent_one();
    give(first, lowered(first));
    EXPECT_THAT(completed(), IsEmpty());
    wait();
    ASSERT_THAT(kept_output_, SizeIs(1));
    give(kept_output_[0], lowered(kept_output_[0]));
    const OutgoingQuery tcp = sent_one();
    EXPECT_EQ(tcp.transport, UpstreamTransport::kTcp);
    give(tcp, lowered(tcp));
    EXPECT_EQ(completed_one().body->answers, 1);
    EXPECT_FALSE(forwarder_->upstreams(now_)[0].keeps_case);

    ask("another-long-name.example.com");
    const OutgoingQuery later = sent_one();
    EXPECT_EQ(later.transport, UpstreamTransport::kUdp);
    give(later, lowered(later));
    EXPECT_EQ(completed_one().body->answers, 1);
}

TEST_F(ForwarderTest, ForgedRepliesInTheWrongCaseDoNotTakeTheProtectionAway) {
    start(everything_to({server("10.0.0.1")}));
    ask("www.some-long-name.example.com");
    const OutgoingQuery query = sent_one();
    Message forged = address_for(query);
    forged.questions[0].name = forged.questions[0].name.lowered();
    give(query, forged);
    give(query, forged);
    const OutgoingQuery tcp = sent_one();
    give(tcp, address_for(tcp));  // the case is kept
    EXPECT_EQ(completed_one().body->answers, 1);
    EXPECT_TRUE(forwarder_->upstreams(now_)[0].keeps_case);
    ask("b.example");
    EXPECT_EQ(sent_one().transport, UpstreamTransport::kUdp);
}

TEST_F(ForwarderTest, AnUpstreamThatFailsTwiceIsOnlyProbedUntilItReplies) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    for (int i = 0; i < 2; ++i) {
        ask("a" + std::to_string(i) + ".example");
        const OutgoingQuery first = sent_one();
        EXPECT_EQ(first.upstream, 0U);
        forwarder_->failed(now_, first.exchange);
        const OutgoingQuery second = sent_one();
        EXPECT_EQ(second.upstream, 1U);
        give(second, address_for(second));
    }
    completed();
    EXPECT_FALSE(forwarder_->upstreams(now_)[0].healthy);
    forwarder_->advance(now_);
    std::optional<OutgoingQuery> probe;
    for (const auto& query : sent())
        if (decode_message(query.bytes)->questions[0] == Question{Name{}, RecordType::kNs, RecordClass::kIn})
            probe = query;
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->upstream, 0U);
    ask("b.example");
    EXPECT_EQ(sent_one().upstream, 1U);

    pass(500ms);
    EXPECT_EQ(forwarder_->upstreams(now_)[0].probes, 2U);
    give(*probe, reply_to(*probe, ResponseCode::kServFail));
    EXPECT_TRUE(forwarder_->upstreams(now_)[0].healthy) << "any reply counts";
    sent();
    ask("c.example");
    const OutgoingQuery query = sent_one();
    EXPECT_EQ(query.upstream, 0U);
    pass(10ms);
    give(query, address_for(query));
    pass(10s);
    EXPECT_EQ(forwarder_->upstreams(now_)[0].probes, 2U);
}

TEST_F(ForwarderTest, WhenAllAreDownOneIsAskedAnyway) {
    start(everything_to({server("10.0.0.1")}));
    ask("a.example");
    pass(5s);
    pass(5s);
    ask("b.example");
    pass(5s);
    ASSERT_FALSE(forwarder_->upstreams(now_)[0].healthy);
    sent();
    completed();
    ask("c.example");
    const auto queries = sent();
    ASSERT_THAT(queries, SizeIs(1));
    give(queries[0], address_for(queries[0]));
    EXPECT_EQ(completed_one().body->answers, 1);
    EXPECT_TRUE(forwarder_->upstreams(now_)[0].healthy);
}

TEST_F(ForwarderTest, AServerThatRefusesConnectionsIsTriedAgainForAWhile) {
    start(everything_to({server("10.0.0.1")}));
    ask("a.example");
    forwarder_->failed(now_, sent_one().exchange);
    EXPECT_THAT(completed(), IsEmpty()) << "it may be starting";
    wait();
    ASSERT_FALSE(kept_output_.empty());
    give(kept_output_[0], address_for(kept_output_[0]));
    EXPECT_EQ(completed_one().body->answers, 1);
}

TEST_F(ForwarderTest, WhenNothingCanBeSentTheOutcomeSaysSo) {
    start(everything_to({server("10.0.0.1")}));
    ask("a.example");
    for (auto queries = sent();; queries = kept_output_) {
        for (const auto& query : queries)
            forwarder_->failed(now_, query.exchange);
        wait();
        if (!kept_completed_.empty()) break;
    }
    EXPECT_EQ(kept_completed_[0].outcome, ForwardOutcome::kUnreachable);
    EXPECT_EQ(kept_completed_[0].body->code, ResponseCode::kServFail);
}

TEST_F(ForwarderTest, StubDomainsAreChosenByTheLongestSuffix) {
    auto zones = everything_to({server("10.0.0.1")});
    zones.push_back({name("example.com"),
                     {name("secret.example.com")},
                     {server("10.0.0.2")},
                     UpstreamPolicy::kSequential,
                     {}});
    zones.push_back({name("a.example.com"),
                     {},
                     {server("10.0.0.3"), server("10.0.0.1")},
                     UpstreamPolicy::kSequential,
                     {}});
    zones.push_back({name("refused.example.com"), {}, {}, UpstreamPolicy::kSequential, {}});
    start(zones);
    EXPECT_THAT(forwarder_->upstreams(now_), SizeIs(3));
    const std::pair<const char*, std::string> cases[] = {
        {"example.org", "10.0.0.1:53"},   {"example.com", "10.0.0.2:53"},
        {"b.example.com", "10.0.0.2:53"}, {"ba.example.com", "10.0.0.2:53"},
        {"a.example.com", "10.0.0.3:53"}, {"x.y.a.example.com", "10.0.0.3:53"}};
    for (const auto& [text, upstream] : cases) {
        ask(text);
        EXPECT_EQ(forwarder_->upstreams(now_)[sent_one().upstream].server.to_string(), upstream) << text;
    }
    for (const char* text :
         {"secret.example.com", "x.secret.example.com", "refused.example.com", "x.refused.example.com"}) {
        ask(text);
        const Completed done = completed_one();
        EXPECT_EQ(done.outcome, ForwardOutcome::kNoUpstream) << text;
        EXPECT_EQ(done.body->code, ResponseCode::kRefused);
        EXPECT_EQ(done.lifetime, 0s);
    }
}

TEST_F(ForwarderTest, PoliciesChooseWhoIsAskedFirst) {
    const std::vector<UpstreamServer> servers{server("10.0.0.1"), server("10.0.0.2"), server("10.0.0.3")};
    const auto firsts = [&](UpstreamPolicy policy) {
        start(everything_to(servers, policy));
        std::vector<std::size_t> all;
        for (int i = 0; i < 60; ++i) {
            ask("n" + std::to_string(i));
            all.push_back(sent_one().upstream);
        }
        return all;
    };
    EXPECT_THAT(firsts(UpstreamPolicy::kSequential), testing::Each(0U));
    const auto turns = firsts(UpstreamPolicy::kRoundRobin);
    EXPECT_THAT(std::vector(turns.begin(), turns.begin() + 5), ElementsAre(0, 1, 2, 0, 1));
    const auto random = firsts(UpstreamPolicy::kRandom);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_GT(std::ranges::count(random, i), 5);
}

TEST_F(ForwarderTest, LookupsAreLimitedInAllAndForAClient) {
    ForwardLimits limits;
    limits.most_lookups = 3;
    limits.most_per_client = 2;
    start(everything_to({server("10.0.0.1")}), limits);
    const auto client = *base::IpAddress::parse("10.1.0.1");
    const auto from_client = [&](const char* text) {
        forwarder_->ask(now_, {name(text), RecordType::kA, false, false}, client);
    };
    from_client("a");
    from_client("a");
    from_client("b");
    EXPECT_EQ(completed_one().outcome, ForwardOutcome::kOverloaded);
    ask("b");
    ask("c");
    EXPECT_THAT(completed(), IsEmpty());
    ask("d");
    const Completed refused = completed_one();
    EXPECT_EQ(refused.outcome, ForwardOutcome::kOverloaded);
    EXPECT_EQ(refused.body->code, ResponseCode::kRefused);
    EXPECT_EQ(refused.lifetime, 0s);

    const auto queries = sent();
    ASSERT_THAT(queries, SizeIs(3));
    give(queries[0], address_for(queries[0]));
    completed();
    from_client("d");
    EXPECT_THAT(completed(), IsEmpty());
    EXPECT_EQ(forwarder_->stats().overloaded, 2U);
}

TEST_F(ForwarderTest, AClientBeginsLookupsNoFasterThanItMay) {
    ForwardLimits limits;
    limits.client_rate = 10;
    limits.client_burst = 2;
    start(everything_to({server("10.0.0.1")}), limits);
    unsigned names = 0;
    const auto outcome_for = [&](const char* client) {
        forwarder_->ask(now_, {name("x" + std::to_string(names++)), RecordType::kA, false, false},
                        *base::IpAddress::parse(client));
        const auto all = completed();
        return all.empty() ? std::nullopt : std::optional{all.front().outcome};
    };
    const auto refused = testing::Optional(ForwardOutcome::kOverloaded);
    EXPECT_EQ(outcome_for("10.1.0.1"), std::nullopt);
    EXPECT_EQ(outcome_for("10.1.0.1"), std::nullopt);
    EXPECT_THAT(outcome_for("10.1.0.1"), refused);
    EXPECT_EQ(outcome_for("10.1.0.2"), std::nullopt) << "another client has a pace of its own";
    forwarder_->ask(now_, {name("x0"), RecordType::kA, false, false}, *base::IpAddress::parse("10.1.0.1"));
    EXPECT_THAT(completed(), IsEmpty()) << "to join a lookup costs nothing";
    now_ += 100ms;
    EXPECT_EQ(outcome_for("10.1.0.1"), std::nullopt);
    EXPECT_THAT(outcome_for("10.1.0.1"), refused);
}

TEST_F(ForwarderTest, AnUpstreamThatSendsOurQuestionsBackIsNotAsked) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    ASSERT_THAT(loop_probes_, SizeIs(2));
    const Message probe = *decode_message(loop_probes_[0].bytes);
    EXPECT_EQ(probe.questions[0].type, RecordType::kHinfo);
    // It comes in as a client's question.
    forwarder_->ask(now_, {probe.questions[0].name, RecordType::kHinfo, false, false});
    EXPECT_EQ(completed_one().outcome, ForwardOutcome::kLoop);
    EXPECT_THAT(sent(), IsEmpty());
    give(loop_probes_[0], reply_to(loop_probes_[0], ResponseCode::kServFail));
    EXPECT_TRUE(forwarder_->upstreams(now_)[0].looping);
    ask("a.example");
    EXPECT_EQ(sent_one().upstream, 1U);

    pass(10s);
    bool probed_again = false;
    for (const auto& query : sent())
        probed_again |=
            query.upstream == 0 && decode_message(query.bytes)->questions[0] == probe.questions[0];
    EXPECT_TRUE(probed_again);
    pass(20s);
    EXPECT_FALSE(forwarder_->upstreams(now_)[0].looping) << "the second probe did not come back";
}

TEST_F(ForwarderTest, WhenAllUpstreamsLoopLookupsFailAtOnce) {
    start(everything_to({server("10.0.0.1")}));
    loops_->sight(now_, loops_->probe_name(0));
    ask("a.example");
    const Completed done = completed_one();
    EXPECT_EQ(done.outcome, ForwardOutcome::kLoop);
    EXPECT_EQ(done.body->code, ResponseCode::kServFail);
    EXPECT_EQ(done.lifetime, 0s);
}

TEST_F(ForwarderTest, OverTcpAndTlsNoTwoOpenExchangesHaveOneId) {
    ForwardLimits limits;
    limits.most_lookups = 5000;
    start(everything_to({server("tls://10.0.0.1")}), limits);
    for (int i = 0; i < 3000; ++i)
        ask("n" + std::to_string(i));
    std::set<std::pair<std::uint8_t, std::uint8_t>> ids;
    for (const auto& query : sent()) {
        EXPECT_EQ(query.transport, UpstreamTransport::kTls);
        EXPECT_TRUE(ids.emplace(query.bytes[0], query.bytes[1]).second);
    }
    EXPECT_THAT(ids, SizeIs(3000));
}

TEST_F(ForwarderTest, IdsOverUdpCannotBeTold) {
    start(everything_to({server("10.0.0.1")}));
    std::set<unsigned> ids;
    for (int i = 0; i < 500; ++i) {
        ask("n" + std::to_string(i));
        const OutgoingQuery query = sent_one();
        ids.insert(std::uint32_t{query.bytes[0]} << 8U | query.bytes[1]);
    }
    EXPECT_GT(ids.size(), 490U);
}

TEST_F(ForwarderTest, ALostReplyAfterTheEndOfALookupStillCountsAgainstTheUpstream) {
    start(everything_to({server("10.0.0.1"), server("10.0.0.2")}));
    for (int i = 0; i < 2; ++i) {
        ask("n" + std::to_string(i));
        EXPECT_EQ(sent_one().upstream, 0U);
        wait();
        ASSERT_FALSE(kept_output_.empty());
        EXPECT_EQ(kept_output_[0].upstream, 1U);
        give(kept_output_[0], address_for(kept_output_[0]));
    }
    EXPECT_TRUE(forwarder_->upstreams(now_)[0].healthy);
    pass(2s);
    EXPECT_FALSE(forwarder_->upstreams(now_)[0].healthy);
}

}  // namespace
}  // namespace fairlead::dns
