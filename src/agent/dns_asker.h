#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.h"
#include "dns/answer_observer.h"
#include "dns/engine.h"
#include "dns/message.h"
#include "dns/usage.h"
#include "dns_server/upstream_links.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// Asks the DNS server of this node in the place of a client, without sockets between them: an engine of its
/// own on the control loop, with the zone, Pods and cache that the workers have. What is asked so is in no
/// report of what clients ask.
class DnsAsker final : private dns::AnswerObserver {
  public:
    struct Reply {
        dns::Message message;
        dns::ReplySource source = dns::ReplySource::kServer;
        bool over_tcp = false;  ///< since the reply over UDP was cut
        base::Duration took{};
    };
    using Done = std::function<void(const Reply&)>;
    using MakeEngine = std::function<std::unique_ptr<dns::Engine>(dns::UsageRecorder&, dns::AnswerObserver&)>;

    /// `make_engine` gives the engine its options; `upstreams` are those of its forwarder.
    static base::Result<std::unique_ptr<DnsAsker>> make(net::EventLoop& loop, const MakeEngine& make_engine,
                                                        const std::vector<dns::UpstreamServer>& upstreams);
    DnsAsker(const DnsAsker&) = delete;
    DnsAsker& operator=(const DnsAsker&) = delete;
    ~DnsAsker() override = default;

    /// Forwards in another way from now on, as QueryHandler::reconfigure() does; nothing has changed after an
    /// error.
    base::Result<void> reconfigure(const std::vector<dns::UpstreamServer>& upstreams,
                                   dns::Forwarding forwarding);

    /// Asks as stub resolvers do: RD, no EDNS, over UDP, and over TCP once the reply is cut. Calls `done`
    /// once, now or later, unless this is destroyed before.
    void ask(const base::IpAddress& source, const dns::Name& name, dns::RecordType type, Done done);

  private:
    struct Question {
        base::IpAddress source;
        dns::Name name;
        dns::RecordType type = dns::RecordType::kA;
        dns::ClientTransport transport = dns::ClientTransport::kUdp;
        base::TimePoint asked;
        dns::ReplySource reply_source = dns::ReplySource::kServer;
        Done done;
    };

    explicit DnsAsker(net::EventLoop& loop) : loop_(loop) {}
    base::Result<void> open_links(const std::vector<dns::UpstreamServer>& upstreams);
    void send(Question question);
    void take_reply(std::uint64_t token, dns::Bytes bytes);
    void settle();
    void send_output();
    void set_timer();
    void deliver();

    // dns::AnswerObserver
    void answered(base::TimePoint now, const dns::SeenAnswer& answer) override;

    net::EventLoop& loop_;
    dns::UsageRecorder usage_;
    std::unique_ptr<dns::Engine> engine_;
    std::unique_ptr<dns_server::UpstreamLinks> upstreams_;
    std::uint64_t last_token_ = 0;
    std::map<std::uint64_t, Question> questions_;  // by token
    std::deque<std::function<void()>> finished_;
    bool settling_ = false;
    bool settle_again_ = false;
    net::Subscription timer_;
};

}  // namespace fairlead::agent
