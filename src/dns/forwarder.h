#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "dns/cache_key.h"
#include "dns/client_pace.h"
#include "dns/dns_config.h"
#include "dns/loop_watch.h"
#include "dns/outgoing_query.h"
#include "dns/question_case.h"
#include "dns/reply.h"
#include "dns/reply_check.h"
#include "dns/secure_random.h"
#include "dns/timers.h"
#include "dns/upstream_health.h"
#include "dns/upstream_query.h"

namespace fairlead::dns {

/// One who waits for the answer to a lookup.
enum class Ticket : std::uint64_t {};

/// How a lookup ended.
enum class ForwardOutcome : std::uint8_t {
    kAnswered,     ///< by an upstream, be it with an error
    kTimedOut,     ///< SERVFAIL: no upstream replied in time
    kUnreachable,  ///< SERVFAIL: none could be sent to
    kLoop,         ///< SERVFAIL: the upstreams send our questions back to us, or it is such a question
    kOverloaded,   ///< REFUSED: too many lookups under way, of all clients or of this one
    kNoUpstream,   ///< REFUSED: the name is not to be forwarded
};

/// "answered", "timed_out", ...
std::string_view name_of(ForwardOutcome outcome);

/// The end of a lookup, for all who waited for it.
struct Completed {
    Lookup lookup;
    std::vector<Ticket> tickets;
    std::shared_ptr<const ReplyBody> body;  ///< always there, whatever the outcome
    std::chrono::seconds lifetime{};        ///< for Cache::store
    ForwardOutcome outcome = ForwardOutcome::kAnswered;
    std::optional<std::size_t> upstream;  ///< who answered: index into Forwarder::upstreams()
    base::Duration took{};                ///< from the first question to the answer
};

/// Since the start.
struct ForwarderStats {
    std::uint64_t lookups = 0;
    std::uint64_t joined = 0;  ///< of these, with an equal one that was under way
    std::uint64_t overloaded = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t foreign_replies = 0;  ///< dropped: another id or question, or to an exchange that is over
    std::uint64_t wrong_case_replies = 0;
    std::uint64_t tcp_after_truncation = 0;
    std::uint64_t asked_without_edns = 0;
};

/// What is known about an upstream, and counters since the start.
struct UpstreamStatus {
    UpstreamServer server;
    bool healthy = true;
    bool looping = false;
    bool keeps_case = true;
    bool has_edns = true;
    base::Duration round_trip{};  ///< smoothed, over UDP; 0: not measured
    std::uint64_t queries = 0;
    std::uint64_t failures = 0;  ///< no reply within 2 s, connection refused, ...
    std::uint64_t probes = 0;    ///< while it was not healthy
    std::uint64_t probes_unanswered = 0;
};

/// Asks upstreams. Pure: one for each worker; who owns it sends take_output(), hands in what comes back, and
/// calls advance() when next_deadline() has come.
///
/// A lookup takes at most kBudget, so that its client has an answer before it asks again, and at most
/// kMostExchanges messages, of which kMostTries go to another upstream, or to the same again, after silence
/// or an error. A question is sent again after UpstreamHealth::patience(), twice as long each time; a reply
/// to an earlier one still counts. Equal lookups that are under way are one.
class Forwarder {
  public:
    /// Stub resolvers ask again after 5 s (glibc, musl: resolv.conf(5) timeout); a second less leaves time
    /// for the way.
    static constexpr base::Duration kBudget = std::chrono::seconds(4);
    static constexpr unsigned kMostTries = 4;
    static constexpr unsigned kMostExchanges = 6;

    /// ForwardLimits::most_lookups is brought down to this, so that message ids over a connection never run
    /// out.
    static constexpr std::size_t kMostLookups = 8000;

    /// `loops` is shared by all workers, made for upstreams_of(zones).size().
    Forwarder(std::vector<ForwardZone> zones, const ForwardLimits& limits, const SecureRandom::Key& seed,
              std::shared_ptr<LoopWatch> loops);

    /// Of all zones, each once: the order of the indices.
    static std::vector<UpstreamServer> upstreams_of(const std::vector<ForwardZone>& zones);

    /// Begins or joins a lookup; it may already be complete on return. `client` is who asks, for its limit;
    /// nullopt: we ourselves.
    Ticket ask(base::TimePoint now, const Lookup& lookup,
               const std::optional<base::IpAddress>& client = std::nullopt);
    /// A message that came in for an exchange; what does not reply to it is dropped.
    void received(base::TimePoint now, ExchangeId exchange, Bytes packet);
    /// It could not be sent, or its connection broke: refused, reset, handshake failed, unreachable.
    void failed(base::TimePoint now, ExchangeId exchange);
    void advance(base::TimePoint now);

    /// When advance() has something to do.
    [[nodiscard]] std::optional<base::TimePoint> next_deadline() const { return timers_.next(); }
    std::vector<OutgoingQuery> take_output() { return std::exchange(output_, {}); }
    /// Exchanges that are over: their sockets may be closed.
    std::vector<ExchangeId> take_closed() { return std::exchange(closed_, {}); }
    std::vector<Completed> take_completed() { return std::exchange(completed_, {}); }

    [[nodiscard]] const ForwarderStats& stats() const { return stats_; }
    [[nodiscard]] std::vector<UpstreamStatus> upstreams(base::TimePoint now) const;
    /// Lookups under way.
    [[nodiscard]] std::size_t under_way() const { return jobs_.size(); }

  private:
    enum class JobId : std::uint64_t {};

    struct Upstream {
        UpstreamServer server;
        UpstreamHealth health;
        CaseKeeping letter_case;
        base::TimePoint no_edns_until{};
        base::TimePoint last_reply{};
        UpstreamStatus counters;
    };

    struct Waiter {
        Ticket ticket{};
        std::optional<base::IpAddress> client;
    };

    struct Job {
        Lookup lookup;
        std::string key;  // in jobs_by_key_
        std::vector<Waiter> waiters;
        const TtlBounds* ttl = nullptr;  // of its zone
        base::TimePoint started;
        std::vector<std::size_t> candidates;  // upstreams, who is to be asked first is first
        std::vector<std::size_t> gave_error;
        std::vector<std::size_t> could_not_send;
        std::vector<ExchangeId> open;
        unsigned tries = 0;
        unsigned exchanges = 0;
        bool heard = false;  // anything but failures to send
        std::optional<CheckedReply> error;
        std::size_t error_from = 0;
    };

    enum class Purpose : std::uint8_t { kLookup, kHealthProbe, kLoopProbe };

    struct Exchange {
        Purpose purpose = Purpose::kLookup;
        std::optional<JobId> job;  // nullopt: nobody waits any more, only health is learnt from it
        std::size_t upstream = 0;
        UpstreamTransport transport = UpstreamTransport::kUdp;
        UpstreamQuery query;
        bool random_case = false;
        bool after_formerr = false;
        bool judged = false;  // its silence has been counted as a failure
        base::TimePoint sent;
    };

    /// What a timer is for.
    enum class TimerKind : std::uint8_t { kJob, kExchange, kHealthProbe, kLoopProbe };
    struct TimerKey {
        TimerKind kind = TimerKind::kJob;
        std::uint64_t id = 0;

        friend auto operator<=>(const TimerKey&, const TimerKey&) = default;
        template <class H>
        friend H AbslHashValue(H state, const TimerKey& key) {
            return H::combine(std::move(state), key.kind, key.id);
        }
    };

    struct Sending {
        UpstreamTransport transport = UpstreamTransport::kUdp;
        bool edns = true;
        bool after_formerr = false;
    };

    // forwarder.cpp: lookups
    [[nodiscard]] const ForwardZone* zone_of(const Name& name, std::size_t& index) const;
    bool may_begin(base::TimePoint now, const std::optional<base::IpAddress>& client);
    bool may_wait(const std::optional<base::IpAddress>& client);
    void answer_at_once(const Lookup& lookup, Ticket ticket, ForwardOutcome outcome);
    Job& begin(base::TimePoint now, const Lookup& lookup, const std::string& key, std::size_t zone, JobId id);
    std::vector<std::size_t> candidates(base::TimePoint now, std::size_t zone);
    [[nodiscard]] bool looping(base::TimePoint now, std::size_t upstream) const;
    void try_next(base::TimePoint now, JobId id);
    [[nodiscard]] std::optional<std::size_t> next_candidate(const Job& job) const;
    [[nodiscard]] bool may_still_be_answered(const Job& job) const;
    void set_retry_timer(base::TimePoint now, JobId id, const Exchange& exchange);
    void give_up(base::TimePoint now, JobId id);
    void finish(base::TimePoint now, JobId id, CheckedReply reply, ForwardOutcome outcome,
                std::optional<std::size_t> upstream);

    // forwarder_exchanges.cpp: questions and replies
    void send_for(base::TimePoint now, JobId id, std::size_t upstream, const Sending& how);
    ExchangeId send(base::TimePoint now, Exchange exchange);
    std::uint16_t draw_id(const Exchange& exchange);
    void wrong_case(base::TimePoint now, Exchange& exchange);
    void note_answered(base::TimePoint now, const Exchange& exchange, ReplyMatch match);
    void take_reply(base::TimePoint now, const Exchange& exchange, Bytes packet, bool has_question);
    void take_error(base::TimePoint now, const Exchange& exchange, CheckedReply error);
    [[nodiscard]] bool can_send_again(JobId id) const;
    void note_failed(base::TimePoint now, const Exchange& exchange, bool counts);
    void silent(base::TimePoint now, ExchangeId id);
    void nobody_waits(ExchangeId id);
    Exchange close(ExchangeId id);

    // forwarder_probes.cpp: health and loops
    void probe_health(base::TimePoint now, std::size_t upstream);
    void probe_loop(base::TimePoint now, std::size_t upstream);
    void loop_probe_over(base::TimePoint now, const Exchange& exchange);

    const std::vector<ForwardZone> zones_;
    ForwardLimits limits_;
    ClientPace pace_;
    SecureRandom random_;
    std::shared_ptr<LoopWatch> loops_;
    std::vector<Upstream> upstreams_;
    std::vector<std::vector<std::size_t>> zone_upstreams_;  // for each zone
    std::vector<std::size_t> zone_turns_;                   // for round robin

    absl::flat_hash_map<JobId, std::unique_ptr<Job>> jobs_;
    absl::flat_hash_map<std::string, JobId> jobs_by_key_;  // CacheKey::bytes()
    absl::flat_hash_map<base::IpAddress, std::size_t> waiting_by_client_;
    absl::flat_hash_map<ExchangeId, Exchange> exchanges_;
    absl::flat_hash_set<std::uint64_t>
        stream_ids_;  // (upstream, message id) of what is open over TCP and TLS
    Timers<TimerKey> timers_;
    std::uint64_t last_id_ = 0;  // of tickets, jobs and exchanges

    std::vector<OutgoingQuery> output_;
    std::vector<ExchangeId> closed_;
    std::vector<Completed> completed_;
    ForwarderStats stats_;
};

}  // namespace fairlead::dns
