#include "kernel/conntrack/monitor.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <utility>

#include "kernel/conntrack/codec.h"

namespace fairlead::kernel::conntrack {

namespace {

// The kernel counts at least its sk_buff and skb_shared_info for a datagram, doubles the buffer that it is
// asked for, and gives at least 2,304 bytes (socket(7)).
constexpr std::size_t kLeastDatagramBytes = 512;
constexpr std::size_t kBufferFactor = 2;
constexpr std::size_t kFewest = 16;

}  // namespace

base::Result<ConntrackMonitor> ConntrackMonitor::open(Listener listener, FlowEventKinds kinds,
                                                      std::size_t receive_bytes) {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_NETFILTER));
    FAIRLEAD_CHECK(socket.reserve_receive_bytes(receive_bytes));
    const std::pair<bool, unsigned> groups[] = {{kinds.news, NFNLGRP_CONNTRACK_NEW},
                                                {kinds.updates, NFNLGRP_CONNTRACK_UPDATE},
                                                {kinds.destroys, NFNLGRP_CONNTRACK_DESTROY}};
    for (const auto& [wanted, group] : groups)
        if (auto joined = wanted ? socket.join(group) : base::Result<void>{}; !joined)
            return base::fail_within("conntrack events", std::move(joined).error());
    return ConntrackMonitor{std::move(listener), std::move(socket),
                            kBufferFactor * receive_bytes / kLeastDatagramBytes + kFewest};
}

base::Result<void> ConntrackMonitor::drain() {
    bool lost = false;
    for (std::size_t left = most_waiting_; left > 0; --left) {
        const auto datagram = socket_.receive();
        if (!datagram && datagram.error().code == base::ErrorCode::kBusy) {
            ++losses_;
            // What is waiting now is older than what was lost: the owner shall read anew after that.
            if (!std::exchange(lost, true)) left = most_waiting_ + 1;
            continue;
        }
        FAIRLEAD_CHECK(datagram);
        if (datagram->empty()) break;
        netlink::Messages messages{*datagram};
        while (const auto message = messages.next())
            if (const auto event = decode_flow_event(*message)) listener_.event(*event);
    }
    if (lost) listener_.lost();
    return {};
}

}  // namespace fairlead::kernel::conntrack
