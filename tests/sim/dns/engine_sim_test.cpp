// An Engine between clients at random, a cluster that changes, and upstreams with faults at random, on a
// simulated clock, with somebody who forges replies and with restarts. One seed again: FAIRLEAD_SEED=17
// dns_sim_test
// --gtest_filter='Engine*'

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "dns/record.h"
#include "sim/dns/simulated_upstream.h"
#include "support/dns_engine.h"
#include "support/kube_fixture.h"
#include "support/lives.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using test::EngineWorld;
using test::SimulatedUpstream;

constexpr std::size_t kUpstreams = 2;
constexpr unsigned kLuck = 3;
constexpr std::string_view kPods[] = {"10.64.0.1", "10.64.0.2"};
constexpr std::string_view kStrangers[] = {"10.9.0.1", "10.9.0.2"};
constexpr std::string_view kSearch = ".shop.svc.cluster.local";
constexpr std::string_view kPartner = "partner.shop.svc.cluster.local";
/// A client asks again after 5 s: it must have heard something before.
constexpr base::Duration kLongestWait = 5s;

/// What must have happened for the simulation to mean something.
struct Happenings {
    std::size_t truths = 0, failures = 0, collapses = 0, own_answers = 0, follows = 0, stale = 0, joined = 0,
                forged = 0, restarts = 0, refused = 0;
};

class EngineSimulation {
  public:
    EngineSimulation(std::uint64_t seed, Happenings& happenings)
        : random_(seed),
          happenings_(happenings),
          world_({.limits = {.most_lookups = 60, .most_per_client = 25},
                  .upstreams = kUpstreams,
                  .seed = seed}) {
        for (std::size_t i = 0; i < std::size(kPods); ++i)
            world_.add_pod("pod-" + std::to_string(i), kPods[i]);
        for (auto& upstream : upstreams_)
            upstream.keeps_case = random_.below(4) != 0;
    }

    void run() {
        const base::TimePoint end = world_.now + 90s;
        base::TimePoint next_ask = world_.now;
        base::TimePoint next_change = world_.now;
        while (world_.now < end && !testing::Test::HasFailure()) {
            if (world_.now >= next_change) {
                change();
                next_change = world_.now + std::chrono::milliseconds(random_.below(6000) + 1);
            }
            if (world_.now >= next_ask) {
                ask();
                next_ask = world_.now + std::chrono::milliseconds(random_.below(100));
            }
            step(std::min({end, next_ask, next_change}));
        }
        for (auto& upstream : upstreams_)
            upstream.recover();
        for (const auto settled = world_.now + 20s; world_.now < settled && !testing::Test::HasFailure();)
            step(settled);
        EXPECT_TRUE(asked_.empty()) << "queries without a reply";
        EXPECT_EQ(world_.engine().waiting(), 0U);
        EXPECT_EQ(world_.engine().forwarder().under_way(), 0U);
        note_counts();
    }

  private:
    struct Asked {
        std::string name;
        RecordType type;
        bool from_pod;
        base::TimePoint when;
        std::uint16_t id;
    };
    struct Arrival {
        ExchangeId exchange{};
        std::optional<std::vector<std::uint8_t>> packet;
    };

    void change() {
        for (auto& upstream : upstreams_)
            upstream.change(random_);
        const std::string service = "web-" + std::to_string(random_.below(4));
        if (services_.erase(service) > 0) {
            world_.cluster().stores().services.remove({"shop", service});
        } else {
            services_.insert(service);
            world_.cluster().put(test::service(service, {"10.96.1." + service.substr(4)}));
        }
        world_.cluster().apply();
        if (random_.below(8) != 0) return;
        ++happenings_.restarts;
        note_counts();
        world_.restart(random_.below(2) == 0);
        luck_ = kLuck;
        asked_.clear();  // their clients ask again
        arrivals_.clear();
    }

    void note_counts() {
        happenings_.stale += world_.engine().counts().served_stale;
        happenings_.joined += world_.engine().forwarder().stats().joined;
        happenings_.forged += world_.engine().forwarder().stats().foreign_replies +
                              world_.engine().forwarder().stats().wrong_case_replies;
    }

    std::string any_name() {
        const std::string outside{"xeca"[random_.below(4)]};
        const std::string name =
            outside + "-name-with-many-letters-" + std::to_string(random_.below(25)) + ".example";
        switch (random_.below(8)) {
            case 0:
                return "web-" + std::to_string(random_.below(4)) + std::string{kSearch};
            case 1:
                return std::string{kPartner};
            case 2:
            case 3:
                return name;
            default:
                return name + std::string{kSearch};
        }
    }

    void ask() {
        const bool from_pod = random_.below(2) == 0;
        const std::string_view source = (from_pod ? kPods : kStrangers)[random_.below(2)];
        std::string asked = any_name();
        for (char& c : asked)
            if (c >= 'a' && c <= 'z' && random_.below(4) == 0) c = static_cast<char>(c - 32);
        const RecordType type = random_.below(2) == 0 ? RecordType::kA : RecordType::kAaaa;
        const std::uint64_t times = random_.below(10) == 0 ? 30 : 1;  // somebody is in a hurry
        for (std::uint64_t i = 0; i < times; ++i) {
            auto packet =
                query_packet(asked, type, random_.below(2) == 0 ? std::optional{Edns{}} : std::nullopt);
            const auto id = static_cast<std::uint16_t>(random_());
            packet[0] = static_cast<std::uint8_t>(id >> 8U);
            packet[1] = static_cast<std::uint8_t>(id);
            const auto reply = world_.ask(source, packet);
            const Asked one{asked, type, from_pod, world_.now, id};
            if (reply)
                check(one, *reply);
            else
                asked_.emplace(world_.last_token(), one);
            ask_upstreams();
            take_late();
        }
    }

    /// Goes on to the next thing that happens, at the latest to `limit`.
    void step(base::TimePoint limit) {
        base::TimePoint next = limit;
        if (const auto deadline = world_.engine().next_deadline()) next = std::min(next, *deadline);
        if (!arrivals_.empty()) next = std::min(next, arrivals_.begin()->first);
        world_.pass(std::max(next - world_.now, base::Duration{}));
        while (!arrivals_.empty() && arrivals_.begin()->first <= world_.now) {
            const Arrival arrival = std::move(arrivals_.begin()->second);
            arrivals_.erase(arrivals_.begin());
            if (arrival.packet)
                world_.engine().received(world_.now, arrival.exchange, *arrival.packet);
            else
                world_.engine().failed(world_.now, arrival.exchange);
            world_.exchange();
        }
        world_.engine().end_of_turn();
        ask_upstreams();
        take_late();
        for (const auto& [token, asked] : asked_)
            ASSERT_LE(world_.now - asked.when, kLongestWait) << asked.name;
    }

    void ask_upstreams() {
        for (auto& question : world_.questions) {
            forge(question);
            for (auto& [delay, packet] :
                 upstreams_.at(question.query.upstream).react(question.query, random_))
                arrivals_.emplace(world_.now + delay, Arrival{question.query.exchange, std::move(packet)});
        }
        world_.questions.clear();
    }

    /// Somebody who sees nothing of the question but guesses the port always, the id or the letter case
    /// never.
    void forge(const EngineWorld::Question& question) {
        if (question.query.transport != UpstreamTransport::kUdp || random_.below(3) != 0) return;
        Message message = question.message;
        message.response = true;
        Name& asked = message.questions[0].name;
        switch (random_.below(3)) {
            case 0:
                message.id = static_cast<std::uint16_t>(message.id + 1 + random_.below(65535));
                break;
            case 1:
                asked = *asked.with_label("not");
                break;
            default:
                // The letter case alone stands in between: a few such strokes of luck, not many
                // (CaseKeeping).
                if (asked.is_root() || !upstreams_.at(question.query.upstream).keeps_case) return;
                if (luck_ == 0 || random_.below(20) != 0) return;
                --luck_;
                asked = Name::parse(in_other_case(asked.to_string())).value();
        }
        message.answer = {address_record(asked, 3600, test::forged_address())};
        const auto delay = std::chrono::microseconds(random_.below(3000));
        arrivals_.emplace(world_.now + delay, Arrival{question.query.exchange, encode_message(message)});
    }

    static std::string in_other_case(std::string text) {
        for (char& c : text)
            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) c = static_cast<char>(c ^ 0x20);
        return text;
    }

    void take_late() {
        for (const LateReply& late : std::exchange(world_.late, {})) {
            const auto asked = asked_.find(late.token);
            ASSERT_NE(asked, asked_.end()) << "a reply to nobody, or a second one";
            const auto reply = decode_message(late.bytes);
            ASSERT_TRUE(reply) << reply.error().message;
            check(asked->second, *reply);
            asked_.erase(asked);
        }
    }

    void check(const Asked& asked, const Message& reply) {
        SCOPED_TRACE(asked.name + " " + name_of(asked.type));
        ASSERT_TRUE(reply.response);
        ASSERT_EQ(reply.id, asked.id);
        ASSERT_EQ(reply.questions.at(0).name.to_string(), asked.name + ".") << "with its letter case";
        ASSERT_EQ(reply.questions.at(0).type, asked.type);
        const Name owner = name(asked.name);
        const Name shop = name(kSearch.substr(1));
        if (owner == name(kPartner)) return check_partner(asked, reply);
        if (!owner.is_within(shop)) return check_outside(owner, asked.type, reply, reply.answer);
        const Name above = *owner.without_suffix(shop);
        if (above.label_count() == 1)
            return check_service(std::string{above.lowered().label(0)}, asked.type, reply);
        if (reply.code == ResponseCode::kNxDomain) {
            ++happenings_.own_answers;
            EXPECT_TRUE(reply.answer.empty());
            return;
        }
        ++happenings_.collapses;
        ASSERT_TRUE(asked.from_pod) << "a stranger's search list is not known";
        ASSERT_EQ(reply.code, ResponseCode::kNoError);
        ASSERT_GE(reply.answer.size(), 2U) << "an alias alone ends a walk in nothing";
        ASSERT_EQ(target_of(reply.answer[0]), above);
        check_outside(above, asked.type, reply, {reply.answer.begin() + 1, reply.answer.end()});
    }

    /// The cluster's zone has no cache in front of it.
    void check_service(const std::string& service, RecordType type, const Message& reply) {
        const bool exists = services_.contains(service);
        ASSERT_EQ(reply.code, exists ? ResponseCode::kNoError : ResponseCode::kNxDomain);
        ASSERT_EQ(reply.answer.size(), exists && type == RecordType::kA ? 1U : 0U);
    }

    void check_partner(const Asked& asked, const Message& reply) {
        if (failed(reply)) return;
        ++happenings_.follows;
        ASSERT_GE(reply.answer.size(), 1U);
        ASSERT_EQ(target_of(reply.answer[0]), name("www.partner.example"));
        check_outside(name("www.partner.example"), asked.type, reply,
                      {reply.answer.begin() + 1, reply.answer.end()});
    }

    bool failed(const Message& reply) {
        if (reply.code == ResponseCode::kRefused)
            ++happenings_.refused;
        else if (reply.code == ResponseCode::kServFail)
            ++happenings_.failures;
        else
            return false;
        EXPECT_TRUE(reply.answer.empty());
        return true;
    }

    void check_outside(const Name& owner, RecordType type, const Message& reply,
                       const std::vector<Record>& answer) {
        if (failed(reply)) return;
        ++happenings_.truths;
        Message truth = test::truth({owner, type});
        std::erase_if(truth.answer,
                      [](const Record& record) { return record.owner == name("bank.example"); });
        ASSERT_EQ(reply.code, truth.code);
        ASSERT_EQ(answer.size(), truth.answer.size());
        for (std::size_t i = 0; i < answer.size(); ++i) {
            ASSERT_EQ(answer[i].owner, truth.answer[i].owner);
            ASSERT_EQ(address_of(answer[i]), address_of(truth.answer[i]));
            ASSERT_EQ(target_of(answer[i]), target_of(truth.answer[i]));
            ASSERT_LE(answer[i].ttl_s, 60U);
        }
    }

    base::Random random_;
    Happenings& happenings_;
    EngineWorld world_;
    std::array<SimulatedUpstream, kUpstreams> upstreams_;
    unsigned luck_ = kLuck;  // of the forger, since the last restart
    std::set<std::string> services_;
    std::map<std::uint64_t, Asked> asked_;
    std::multimap<base::TimePoint, Arrival> arrivals_;
};

TEST(EngineSimulation, EachQueryGetsOneReplyInTimeAndNoneIsUntrue) {
    const test::Lives lives{12};
    Happenings all;
    for (auto seed = lives.first; seed < lives.end && !HasFailure(); ++seed) {
        SCOPED_TRACE("FAIRLEAD_SEED=" + std::to_string(seed));
        EngineSimulation{seed, all}.run();
    }
    if (lives.again || HasFailure()) return;
    for (const auto part :
         {&Happenings::truths, &Happenings::failures, &Happenings::collapses, &Happenings::own_answers,
          &Happenings::follows, &Happenings::stale, &Happenings::joined, &Happenings::forged,
          &Happenings::restarts, &Happenings::refused})
        EXPECT_GT(all.*part, 10U) << "nothing was proved about one of the parts";
}

}  // namespace
}  // namespace fairlead::dns
