#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace fairlead::dns_server {

using Bytes = std::span<const std::uint8_t>;

enum class ClientTransport : std::uint8_t { kUdp, kTcp };
enum class UpstreamTransport : std::uint8_t { kUdp, kTcp, kTls };

/// Who sent a query.
struct Client {
    base::IpAddress source;
    ClientTransport transport = ClientTransport::kUdp;
    std::uint64_t token = 0;  ///< names this query in a late reply
};

/// What becomes of a query at once.
enum class Handling : std::uint8_t {
    kReply,   ///< its reply is written
    kLater,   ///< a LateReply will come, or none
    kSilence  ///< there is no reply
};
struct Handled {
    Handling handling = Handling::kSilence;
    std::size_t reply_bytes = 0;  ///< of kReply
};

struct LateReply {
    std::uint64_t token = 0;  ///< of the Client
    std::vector<std::uint8_t> bytes;
};
/// A question to an upstream.
struct UpstreamQuery {
    std::uint64_t exchange = 0;  ///< of no other that is under way
    std::size_t upstream = 0;    ///< index into the upstreams that the worker was given
    UpstreamTransport transport = UpstreamTransport::kUdp;
    std::vector<std::uint8_t> bytes;
};
struct HandlerOutput {
    std::vector<LateReply> replies;
    std::vector<UpstreamQuery> queries;
    std::vector<std::uint64_t> closed_exchanges;  ///< nothing more is wanted of these

    void clear() {
        replies.clear();
        queries.clear();
        closed_exchanges.clear();
    }
};

/// What a worker asks about everything that it does not decide itself, which is all but sockets. It belongs
/// to one worker, whose thread alone calls it.
class QueryHandler {
  public:
    virtual ~QueryHandler() = default;

    /// A packet from a client. `out` is where a reply goes; it has room for the largest that the transport
    /// takes here.
    virtual Handled handle(base::TimePoint now, const Client& client, Bytes packet,
                           std::span<std::uint8_t> out) = 0;
    /// What an upstream sent.
    virtual void received(base::TimePoint now, std::uint64_t exchange, Bytes packet) = 0;
    /// A question could not be sent, or its connection broke.
    virtual void failed(base::TimePoint now, std::uint64_t exchange) = 0;
    /// next_deadline() has come.
    virtual void advance(base::TimePoint now) = 0;
    [[nodiscard]] virtual std::optional<base::TimePoint> next_deadline() const = 0;
    /// Appends what is to be sent.
    virtual void take_output(HandlerOutput& output) = 0;
    /// No reference to anything shared is held right now.
    virtual void end_of_turn() = 0;
};

}  // namespace fairlead::dns_server
