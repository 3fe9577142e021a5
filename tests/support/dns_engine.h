#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/engine.h"
#include "dns/message.h"
#include "support/dns_packets.h"
#include "support/dns_zone.h"

namespace fairlead::test {

struct EngineWorldOptions {
    dns::EngineOptions engine{};
    std::vector<dns::HostEntry> hosts{};
    std::vector<dns::NameRewrite> rewrites{};
    dns::ForwardLimits limits{};
    dns::CacheBounds cache{};
    std::size_t upstreams = 1;
    std::uint64_t seed = 1;
    dns::AnswerObserver* observer = nullptr;
};

/// An engine with everything that it works with, on a clock that only moves when told: a cluster with some
/// Services, pods of this node, upstreams that say what a test lets them say.
class EngineWorld {
  public:
    explicit EngineWorld(const EngineWorldOptions& options = {});

    /// What came of a query at once: the reply, or nothing.
    std::optional<dns::Message> ask(std::string_view source, const std::vector<std::uint8_t>& packet,
                                    dns::ClientTransport transport = dns::ClientTransport::kUdp);
    std::optional<dns::Message> ask(std::string_view source, std::string_view name, dns::RecordType type) {
        return ask(source, dns::query_packet(name, type));
    }
    dns::Handling last_handling() const { return last_.handling; }
    std::uint64_t last_token() const { return token_; }

    /// Takes out what the engine has to say; questions join `questions`, replies are counted by their token.
    void exchange();
    /// Moves the clock, through all deadlines on the way.
    void pass(base::Duration time);
    /// The late reply to a token, taken out; nullopt: there is none.
    std::optional<dns::Message> late_reply(std::uint64_t token);

    /// A question at an upstream.
    struct Question {
        dns::OutgoingQuery query;
        dns::Message message;
    };
    /// Answers the first open question for this name, whatever its letter case, with these records. False:
    /// nobody asked.
    bool answer(std::string_view name, dns::RecordType type, dns::ResponseCode code,
                std::vector<dns::Record> records = {}, std::vector<dns::Record> authority = {});
    /// Answers A with 192.0.2.1 and AAAA with 2001:db8::1, whoever asks for this name.
    void answer_addresses(std::string_view name);
    /// "No such name" to each open question for it.
    void answer_missing(std::string_view name);
    [[nodiscard]] std::size_t questions_for(std::string_view name) const;

    /// Whether the ways of all clients are at an end.
    dns::Engine& engine() { return *engine_; }
    ZoneCluster& cluster() { return cluster_; }
    /// Makes a new engine, as after a restart; the cache stays unless told otherwise.
    void restart(bool with_cache);
    /// Gives the engine new upstreams that say nothing so far, and these hosts; what the old ones were asked
    /// is gone.
    void reconfigure(std::vector<dns::HostEntry> hosts = {});
    /// Adds a pod of this node in namespace "shop".
    void add_pod(std::string_view name, std::string_view address);

    base::TimePoint now{std::chrono::hours(1)};
    std::vector<Question> questions;
    std::vector<dns::LateReply> late;

  private:
    std::unique_ptr<dns::Engine> make_engine();
    [[nodiscard]] dns::Forwarding make_forwarding() const;

    EngineWorldOptions options_;
    ZoneCluster cluster_;
    dns::ClientDirectory clients_;
    kube::Store<kube::Pod> pods_;
    kube::Store<kube::Namespace> namespaces_;
    std::unique_ptr<dns::Cache> cache_;
    std::unique_ptr<dns::UsageRecorder> usage_;
    std::unique_ptr<dns::Engine> engine_;
    dns::Handled last_;
    std::uint64_t token_ = 0;
};

}  // namespace fairlead::test
