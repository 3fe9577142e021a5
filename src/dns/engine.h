#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "dns/answer_observer.h"
#include "dns/cache.h"
#include "dns/clients.h"
#include "dns/cluster_zone.h"
#include "dns/collapse.h"
#include "dns/dns_config.h"
#include "dns/engine_counts.h"
#include "dns/engine_packets.h"
#include "dns/forwarder.h"
#include "dns/forwarding.h"
#include "dns/local_names.h"
#include "dns/snapshot.h"
#include "dns/timers.h"
#include "dns/usage.h"

namespace fairlead::dns {

struct EngineOptions {
    Name cluster_domain = Name::parse("cluster.local").value();  ///< the first of ZoneOptions
    std::string version{};                         ///< told to who asks for version.bind; empty: refused
    std::string server_id{};                       ///< the same of id.server
    std::size_t udp_payload = kDefaultUdpPayload;  ///< bytes of the longest reply over UDP
    /// Queries of one client that wait to hear whether their search walk is collapsed; more are answered
    /// without.
    std::size_t most_undecided_per_client = 200;
};

/// What all engines share; outlives them.
struct EngineShared {
    ClusterZone& zone;
    const ClientDirectory& clients;  ///< made with zone.reclaimer()
    Cache& cache;
};

/// Answers the queries of clients: takes a packet apart, and asks the cluster's zone, the search lists of
/// pods, the cache and the upstreams in their order. One for each worker. Pure: it is handed packets and the
/// time, and hands out packets.
class Engine final : private CollapseLookups {
  public:
    /// `usage` and `observer`, if there is one, outlive it. `seed` is for the order of addresses, nothing
    /// that must not be guessed.
    Engine(base::TimePoint now, const EngineOptions& options, const EngineShared& shared,
           Forwarding forwarding, UsageRecorder& usage, std::uint64_t seed,
           AnswerObserver* observer = nullptr);

    /// A packet from a client. `out` has room for the largest reply that the transport takes, at least 512
    /// bytes and what the packet has.
    Handled handle(base::TimePoint now, const Client& client, Bytes packet, std::span<std::uint8_t> out);
    /// What an upstream sent.
    void received(base::TimePoint now, ExchangeId exchange, Bytes packet);
    /// A question could not be sent, or its connection broke.
    void failed(base::TimePoint now, ExchangeId exchange);
    /// next_deadline() has come.
    void advance(base::TimePoint now);
    [[nodiscard]] std::optional<base::TimePoint> next_deadline() const;
    /// Appends what is to be sent.
    void take_output(EngineOutput& output);
    /// Forwards in another way from now on. Who waits for an upstream waits for the new ones. The cache,
    /// where answers of the old ones are, is emptied. The numbers of exchanges begin anew, and of the earlier
    /// ones nothing is wanted any more.
    void reconfigure(base::TimePoint now, Forwarding forwarding);
    /// Before a wait: nothing of the snapshots is looked at until the next call.
    void end_of_turn();

    [[nodiscard]] const EngineCounts& counts() const { return counts_; }
    [[nodiscard]] const Forwarder& forwarder() const { return *forwarder_; }
    /// Queries that wait for something.
    [[nodiscard]] std::size_t waiting() const { return waiters_.size() + undecided_count_; }

  private:
    /// A query, of a client or of the collapser, that waits for a lookup or a verdict.
    struct Waiter {
        std::vector<std::uint8_t> packet{};
        Client client{};
        std::shared_ptr<const SearchContext> context{};  ///< nullptr: not known for certain
        std::optional<std::uint64_t> collapse_ticket{};  ///< the collapser asks, on behalf of `client`
        base::TimePoint arrived{};
        bool would_collapse = false;
        Lookup lookup{};                           ///< what it waits for
        std::shared_ptr<const ReplyBody> stale{};  ///< what it gets if that fails or takes long
        unsigned lookups = 0;                      ///< that it has waited for
    };
    /// What has come of a lookup that an answer has waited for.
    struct Outcome {
        Lookup lookup;
        std::shared_ptr<const ReplyBody> body;
        bool stale = false;
    };
    /// A reply, or the lookup that it has to wait for.
    struct Answer {
        std::size_t size = 0;  ///< 0: wait
        ReplySource source = ReplySource::kServer;
        Lookup lookup{};
        std::shared_ptr<const ReplyBody> stale{};
    };
    /// What cache or outcome have for a lookup.
    struct Held {
        std::shared_ptr<const ReplyBody> body{};  ///< nullptr: ask
        std::uint32_t age_s = 0;
        std::optional<std::uint32_t> fixed_ttl_s{};
        ReplySource source = ReplySource::kCache;
        std::shared_ptr<const ReplyBody> stale{};
    };

    // engine.cpp: queries
    void begin_turn();
    std::optional<std::size_t> answer_about_self(const Query& query, ClientTransport transport,
                                                 std::span<std::uint8_t> out, std::size_t limit);
    Handled handle_query(base::TimePoint now, const Client& client, const Query& query, Bytes packet,
                         std::span<std::uint8_t> out);
    Handled refuse(const Client& client, const Refusal& refusal, std::span<std::uint8_t> out);
    std::size_t write_code(const Query& query, ResponseCode code, std::span<std::uint8_t> out) const;
    [[nodiscard]] std::size_t limit_of(const Query& query, ClientTransport transport, std::size_t room) const;
    void count_answer(base::TimePoint now, const SeenAnswer& answer);
    void note_answer(base::TimePoint now, const SeenAnswer& answer, bool would_collapse);

    // engine_answer.cpp: the true answer to a question of class IN
    Answer answer(base::TimePoint now, const Query& query, std::span<std::uint8_t> out, std::size_t limit,
                  const Outcome* outcome);
    Answer answer_rewritten(base::TimePoint now, const Query& query, const NameRewrite& rewrite,
                            std::span<std::uint8_t> out, std::size_t limit, const Outcome* outcome);
    Answer answer_as_it_is(base::TimePoint now, const Query& query, std::span<std::uint8_t> out,
                           std::size_t limit, const Outcome* outcome);
    Answer answer_from_elsewhere(base::TimePoint now, const Query& query, std::span<std::uint8_t> out,
                                 std::size_t limit, const Outcome* outcome);
    Answer follow(base::TimePoint now, const Query& query, const Name& target, std::size_t chain_size,
                  std::span<std::uint8_t> out, std::size_t limit, const Outcome* outcome);
    Held find(base::TimePoint now, const Lookup& lookup, const Outcome* outcome);

    // engine_waiting.cpp: what cannot be answered at once
    void wait_for(base::TimePoint now, Waiter waiter, Answer answer);
    void decided(base::TimePoint now, const Collapser::Finished& finished);
    void completed(base::TimePoint now, const Completed& completed);
    void deliver(base::TimePoint now, Waiter waiter, const Outcome* outcome);
    void send_late(base::TimePoint now, const Waiter& waiter, const Query& query, ReplySource source,
                   std::size_t size);
    bool may_wait_undecided(const base::IpAddress& client);
    void settle(base::TimePoint now);

    // CollapseLookups
    [[nodiscard]] NameState state_of(const Name& name) const override;
    [[nodiscard]] Record negative_soa() const override;
    std::optional<LookupResult> look_up(std::uint64_t ticket, const Name& name, RecordType type) override;

    EngineOptions options_;
    EngineShared shared_;
    LocalNames local_;
    ServerIdentity identity_;
    std::unique_ptr<Forwarder> forwarder_;
    UsageRecorder& usage_;
    AnswerObserver* const observer_;
    Collapser collapser_;
    base::Random random_;
    ReaderGate gate_;
    bool in_turn_ = true;

    absl::flat_hash_map<Ticket, Waiter> waiters_;
    Timers<Ticket> stale_timers_;
    absl::flat_hash_map<std::uint64_t, std::vector<Waiter>> undecided_;  // by the collapser's inquiry
    absl::flat_hash_map<base::IpAddress, std::size_t> undecided_by_client_;
    std::size_t undecided_count_ = 0;
    base::TimePoint lookup_time_{};    // for look_up(), which the collapser calls
    base::IpAddress lookup_client_{};  // on whose behalf
    std::vector<std::uint8_t> scratch_;
    std::vector<LateReply> late_replies_;
    EngineCounts counts_;
};

}  // namespace fairlead::dns
