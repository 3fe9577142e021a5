#include "kernel/nftables/monitor.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "kernel/nftables/message_codec.h"

namespace fairlead::kernel::nftables {

namespace {

constexpr std::size_t kEventBytes = std::size_t{1} << 20U;

}  // namespace

base::Result<NftMonitor> NftMonitor::open(std::string table, std::uint32_t own_port_id) {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_NETFILTER));
    FAIRLEAD_CHECK(socket.reserve_receive_bytes(kEventBytes));
    FAIRLEAD_CHECK(socket.ignore_events_of(own_port_id));
    FAIRLEAD_CHECK(socket.join(NFNLGRP_NFTABLES));
    return NftMonitor{std::move(table), std::move(socket)};
}

base::Result<bool> NftMonitor::drain() {
    bool touched = false;
    for (;;) {
        const auto datagram = socket_.receive();
        if (!datagram && datagram.error().code == base::ErrorCode::kBusy) {
            touched = true;
            continue;
        }
        FAIRLEAD_CHECK(datagram);
        if (datagram->empty()) return touched;
        netlink::Messages messages{*datagram};
        while (const auto message = messages.next())
            touched = touched || table_name_of(*message) == table_;
    }
}

}  // namespace fairlead::kernel::nftables
