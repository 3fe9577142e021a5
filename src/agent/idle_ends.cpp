#include "agent/idle_ends.h"

#include <map>

#include "net/raw_socket.h"

namespace fairlead::agent {

namespace {

using kernel::conntrack::Flow;
using kernel::conntrack::TcpState;

/// Who has not even begun, or has ended on both sides, waits for nothing.
bool may_wait(const Flow& flow) {
    if (flow.protocol != static_cast<std::uint8_t>(base::L4Protocol::kTcp)) return false;
    switch (flow.tcp_state.value_or(TcpState::kEstablished)) {
        case TcpState::kEstablished:
        case TcpState::kFinWait:
        case TcpState::kCloseWait:
            return true;
        default:
            return false;
    }
}

/// To the one that sends packets of this tuple, from the one that it sends them to.
net::TcpSegment challenge(const kernel::conntrack::Tuple& tuple) {
    net::TcpSegment segment;
    segment.source = {tuple.destination, tuple.destination_port};
    segment.destination = {tuple.source, tuple.source_port};
    segment.flags = net::tcp_flag::kSyn | net::tcp_flag::kAck;
    return segment;
}

}  // namespace

base::Result<void> wake_idle_ends(std::span<const Flow> flows) {
    std::map<base::Family, net::RawSocket> sockets;
    for (const auto& flow : flows) {
        if (!may_wait(flow)) continue;
        auto socket = sockets.find(flow.family());
        if (socket == sockets.end()) {
            FAIRLEAD_TRY(auto opened, net::RawSocket::open(flow.family()));
            socket = sockets.emplace(flow.family(), std::move(opened)).first;
        }
        // Somebody's firewall may drop it: then this end hears of it with its next packet.
        for (const auto& tuple : {flow.original, flow.reply})
            static_cast<void>(socket->second.send(challenge(tuple)));
    }
    return {};
}

}  // namespace fairlead::agent
