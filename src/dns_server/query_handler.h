#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"
#include "dns/engine_packets.h"
#include "dns/forwarding.h"
#include "dns/protocol.h"

namespace fairlead::dns_server {

using dns::Bytes;

/// What a worker asks about everything that it does not decide itself, which is all but sockets. It belongs
/// to one worker, whose thread alone calls it.
class QueryHandler {
  public:
    virtual ~QueryHandler() = default;

    /// A packet from a client. `out` is where a reply goes; it has room for the largest that the transport
    /// takes here.
    virtual dns::Handled handle(base::TimePoint now, const dns::Client& client, Bytes packet,
                                std::span<std::uint8_t> out) = 0;
    /// What an upstream sent.
    virtual void received(base::TimePoint now, dns::ExchangeId exchange, Bytes packet) = 0;
    /// A question could not be sent, or its connection broke.
    virtual void failed(base::TimePoint now, dns::ExchangeId exchange) = 0;
    /// next_deadline() has come.
    virtual void advance(base::TimePoint now) = 0;
    [[nodiscard]] virtual std::optional<base::TimePoint> next_deadline() const = 0;
    /// Appends what is to be sent.
    virtual void take_output(dns::EngineOutput& output) = 0;
    /// Forwards in another way from now on. Exchange numbers begin anew: none of those so far is open.
    virtual void reconfigure(base::TimePoint now, dns::Forwarding forwarding) = 0;
    /// No reference to anything shared is held right now.
    virtual void end_of_turn() = 0;
};

}  // namespace fairlead::dns_server
