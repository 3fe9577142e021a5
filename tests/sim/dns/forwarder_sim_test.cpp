// A Forwarder between clients at random and upstreams with faults at random, on a simulated clock, with
// somebody who forges replies. One seed again: FAIRLEAD_SEED=17 dns_sim_test --gtest_filter='Forwarder*'

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "dns/forwarder.h"
#include "dns/record.h"
#include "sim/dns/simulated_upstream.h"
#include "support/lives.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using test::SimulatedUpstream;

constexpr const char* kFirstLetters = "xeca";

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed) : random_(seed) {
        const std::size_t count = 1 + random_.below(3);
        for (std::size_t i = 0; i < count; ++i) {
            SimulatedUpstream upstream;
            upstream.has_edns = random_.below(5) != 0;
            upstream.has_tcp = random_.below(5) != 0;
            upstream.keeps_case = random_.below(5) != 0;
            upstreams_.push_back(upstream);
        }
        ForwardZone zone;
        zone.policy = static_cast<UpstreamPolicy>(random_.below(3));
        for (std::size_t i = 0; i < count; ++i) {
            auto server = *UpstreamServer::parse("10.0.0." + std::to_string(i + 1));
            if (upstreams_[i].has_tcp && random_.below(5) == 0) server.transport = UpstreamTransport::kTcp;
            zone.upstreams.push_back(server);
        }
        ForwardLimits limits;
        limits.most_lookups = 40;
        limits.most_per_client = 25;
        SecureRandom::Key key{};
        key[0] = static_cast<std::uint8_t>(seed);
        forwarder_.emplace(std::vector{zone}, limits, key, std::make_shared<LoopWatch>(seed, count));
    }

    void run() {
        const base::TimePoint end = now_ + 60s;
        base::TimePoint next_ask = now_;
        base::TimePoint next_change = now_;
        while (now_ < end && !testing::Test::HasFailure()) {
            if (now_ >= next_change) {
                for (auto& upstream : upstreams_)
                    upstream.change(random_);
                next_change = now_ + std::chrono::milliseconds(random_.below(8000) + 1);
            }
            if (now_ >= next_ask) {
                ask();
                next_ask = now_ + std::chrono::milliseconds(random_.below(80));
            }
            step(std::min({end, next_ask, next_change}));
        }
        for (auto& upstream : upstreams_)
            upstream.recover();
        settle();
        checks_at_rest();
        answers_again();
    }

    [[nodiscard]] const ForwarderStats& stats() const { return forwarder_->stats(); }

  private:
    struct Asked {
        Lookup lookup;
        base::TimePoint when;
    };

    void ask() {
        std::string name{kFirstLetters[random_.below(4)]};
        name += "-name-with-many-letters-" + std::to_string(random_.below(40));
        const auto client = *base::IpAddress::parse("10.9.0." + std::to_string(random_.below(3)));
        ask_for(name, client);
    }

    void ask_for(const std::string& text, const std::optional<base::IpAddress>& client) {
        Lookup lookup{*Name::parse(text), random_.below(2) == 0 ? RecordType::kA : RecordType::kAaaa, false,
                      false};
        // DO goes with the name, so that a packet without EDNS can be told to whom it belongs.
        lookup.dnssec_ok = text.ends_with('7');
        if (!waiting_for(lookup)) packets_[{lookup.name, lookup.type}] = 0;
        const Ticket ticket = forwarder_->ask(now_, lookup, client);
        ASSERT_TRUE(asked_.emplace(ticket, Asked{lookup, now_}).second) << "a ticket given twice";
        exchange();
    }

    [[nodiscard]] bool waiting_for(const Lookup& lookup) const {
        return std::ranges::any_of(asked_, [&](const auto& entry) { return entry.second.lookup == lookup; });
    }

    /// Goes on to the next thing that happens, at the latest to `limit`.
    void step(base::TimePoint limit) {
        base::TimePoint next = limit;
        if (const auto deadline = forwarder_->next_deadline()) next = std::min(next, *deadline);
        if (!arrivals_.empty()) next = std::min(next, arrivals_.begin()->first);
        now_ = std::max(now_, next);
        while (!arrivals_.empty() && arrivals_.begin()->first <= now_) {
            const Arrival arrival = std::move(arrivals_.begin()->second);
            arrivals_.erase(arrivals_.begin());
            if (arrival.packet)
                forwarder_->received(now_, arrival.exchange, *arrival.packet);
            else
                forwarder_->failed(now_, arrival.exchange);
        }
        forwarder_->advance(now_);
        exchange();
    }

    /// Takes what the forwarder has to say.
    void exchange() {
        for (const OutgoingQuery& query : forwarder_->take_output()) {
            ASSERT_TRUE(open_.insert(query.exchange).second);
            note_packet(query);
            forge(query);
            for (auto& [delay, packet] : upstreams_[query.upstream].react(query, random_))
                arrivals_.emplace(now_ + delay, Arrival{query.exchange, std::move(packet)});
        }
        for (const ExchangeId closed : forwarder_->take_closed())
            ASSERT_EQ(open_.erase(closed), 1U) << "closed what was not open";
        for (const Completed& completed : forwarder_->take_completed())
            take(completed);
    }

    void note_packet(const OutgoingQuery& query) {
        const Message message = *decode_message(query.bytes);
        const Question& question = message.questions[0];
        const bool probe = question.type == RecordType::kNs || question.type == RecordType::kHinfo;
        if (probe) {
            ++probes_;
            return;
        }
        unsigned& packets = packets_[{question.name, question.type}];
        ASSERT_LE(++packets, Forwarder::kMostExchanges);
    }

    /// Somebody who sees nothing of the query but guesses well: the port always, the id often, never the
    /// letter case.
    void forge(const OutgoingQuery& query) {
        if (query.transport != UpstreamTransport::kUdp || random_.below(3) != 0) return;
        const SimulatedUpstream& upstream = upstreams_[query.upstream];
        Message message = *decode_message(query.bytes);
        message.response = true;
        Name& name = message.questions[0].name;
        const auto kind = random_.below(4);
        // Who does not keep the case, or has no TCP to find out by, has no protection but the id. With name
        // and id right, the letter case alone stands in between; four such strokes of luck in the same
        // silence of the upstream end that too (CaseKeeping).
        const bool only_case_wrong = kind == 2;
        const bool guesses_id = kind < 3 && upstream.keeps_case && upstream.has_tcp && !name.is_root() &&
                                (!only_case_wrong || (luck_ > 0 && random_.below(20) == 0));
        if (guesses_id && only_case_wrong) --luck_;
        if (!guesses_id) {
            message.id = static_cast<std::uint16_t>(message.id + 1 + random_.below(65535));
        } else if (kind == 0) {
            name = *Name::parse("bank.example");
        } else if (kind == 1) {
            message.questions[0].type = RecordType::kTxt;
        } else {
            auto wire = std::vector<std::uint8_t>(name.wire().begin(), name.wire().end());
            wire[1] = static_cast<std::uint8_t>(wire[1] ^ 0x20U);
            name = *Name::from_wire(wire);
        }
        message.answer = {address_record(name, 60, test::forged_address())};
        arrivals_.emplace(now_ + std::chrono::microseconds(random_.below(2000)),
                          Arrival{query.exchange, encode_message(message)});
    }

    void take(const Completed& completed) {
        ASSERT_FALSE(completed.tickets.empty());
        ASSERT_NE(completed.body, nullptr);
        for (const Ticket ticket : completed.tickets) {
            const auto asked = asked_.find(ticket);
            ASSERT_NE(asked, asked_.end()) << "completed twice, or never asked";
            ASSERT_LE(now_ - asked->second.when, Forwarder::kBudget);
            ASSERT_EQ(CacheKey{asked->second.lookup}, CacheKey{completed.lookup});
            asked_.erase(asked);
        }
        ++outcomes_[completed.outcome];
        const bool answer =
            completed.body->code == ResponseCode::kNoError || completed.body->code == ResponseCode::kNxDomain;
        if (!answer) {
            ++errors_;
            return;
        }
        ASSERT_EQ(completed.outcome, ForwardOutcome::kAnswered);
        const Message expected =
            test::truth({completed.lookup.name, completed.lookup.type, RecordClass::kIn});
        ASSERT_EQ(completed.body->code, expected.code) << completed.lookup.name.to_string();
        const auto records = records_of(completed.lookup.name, *completed.body);
        ASSERT_TRUE(records.additional.empty());
        for (const Record& record : records.answer) {
            if (record.type == RecordType::kCname) continue;
            ASSERT_EQ(address_of(record), test::true_address(record.owner, completed.lookup.type))
                << "an answer to another question";
        }
        ASSERT_EQ(records.answer.empty(), expected.answer.empty());
    }

    void settle() {
        for (int i = 0; i < 100'000 && !testing::Test::HasFailure(); ++i) {
            const bool idle = arrivals_.empty() && !forwarder_->next_deadline();
            if (idle) return;
            step(now_ + 1s);
        }
    }

    void checks_at_rest() {
        EXPECT_TRUE(asked_.empty()) << "without an answer";
        EXPECT_TRUE(open_.empty()) << "exchanges were not closed";
        EXPECT_EQ(forwarder_->under_way(), 0U);
        for (const UpstreamStatus& upstream : forwarder_->upstreams(now_))
            EXPECT_TRUE(upstream.healthy) << upstream.server.to_string();
        // A probe each half second for each upstream, at most, and one for loops each time that it fails.
        EXPECT_LE(probes_, upstreams_.size() * 2 * 62 * 2);
    }

    void answers_again() {
        outcomes_.clear();
        errors_ = 0;
        for (int i = 0; i < 20; ++i)
            ask_for("a-fresh-name-with-letters-" + std::to_string(i), std::nullopt);
        settle();
        EXPECT_EQ(outcomes_[ForwardOutcome::kAnswered], 20U);
        EXPECT_EQ(errors_, 0U) << "all upstreams are well";
    }

    struct Arrival {
        ExchangeId exchange{};
        std::optional<std::vector<std::uint8_t>> packet;
    };

    base::Random random_;
    base::TimePoint now_{1h};
    std::vector<SimulatedUpstream> upstreams_;
    std::optional<Forwarder> forwarder_;
    std::map<Ticket, Asked> asked_;
    std::map<std::pair<Name, RecordType>, unsigned> packets_;  // of the lookup under way
    std::set<ExchangeId> open_;
    std::multimap<base::TimePoint, Arrival> arrivals_;
    std::map<ForwardOutcome, std::size_t> outcomes_;
    unsigned luck_ = 3;
    std::size_t errors_ = 0;
    std::size_t probes_ = 0;
};

/// What must have happened for the simulation to mean something.
constexpr std::uint64_t ForwarderStats::* kParts[] = {&ForwarderStats::joined,
                                                      &ForwarderStats::overloaded,
                                                      &ForwarderStats::timed_out,
                                                      &ForwarderStats::foreign_replies,
                                                      &ForwarderStats::wrong_case_replies,
                                                      &ForwarderStats::tcp_after_truncation,
                                                      &ForwarderStats::asked_without_edns};

void add(ForwarderStats& sum, const ForwarderStats& stats) {
    for (const auto part : kParts)
        sum.*part += stats.*part;
}

TEST(ForwarderSimulation, EachLookupEndsOnceInTimeWithFewPacketsAndNoForgedAnswer) {
    const test::Lives lives{25};
    ForwarderStats all;
    for (auto seed = lives.first; seed < lives.end && !HasFailure(); ++seed) {
        SCOPED_TRACE("FAIRLEAD_SEED=" + std::to_string(seed));
        Simulation simulation{seed};
        simulation.run();
        add(all, simulation.stats());
    }
    if (lives.again) return;
    for (std::size_t part = 0; part < std::size(kParts); ++part)
        EXPECT_GT(all.*kParts[part], 20U) << "nothing was proved about part " << part;
}

}  // namespace
}  // namespace fairlead::dns
