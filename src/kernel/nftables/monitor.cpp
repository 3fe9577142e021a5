#include "kernel/nftables/monitor.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <utility>

#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/netlink_nft_tables.h"

namespace fairlead::kernel::nftables {

namespace {

// An event takes 4 KiB of it; memory is used only while events wait.
constexpr std::size_t kEventBytes = std::size_t{1} << 24U;

}  // namespace

base::Result<NftMonitor> NftMonitor::open(std::string table, std::uint32_t own_port_id) {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_NETFILTER));
    FAIRLEAD_CHECK(socket.reserve_receive_bytes(kEventBytes));
    FAIRLEAD_CHECK(socket.ignore_events_of(own_port_id));
    FAIRLEAD_CHECK(socket.join(NFNLGRP_NFTABLES));
    return NftMonitor{std::move(table), std::move(socket)};
}

base::Result<void> NftMonitor::unobserved(NetlinkNftTables& tables,
                                          const std::function<base::Result<void>()>& commit) {
    // A commit counts the generation up first and sends its events last. So a commit of somebody else is over
    // when await_commits() returns, and we have its events, or it counts up after `before` was read.
    FAIRLEAD_TRY(const std::uint32_t before, tables.generation());
    FAIRLEAD_CHECK(tables.await_commits());
    FAIRLEAD_CHECK(socket_.leave(NFNLGRP_NFTABLES));
    auto committed = commit();
    FAIRLEAD_CHECK(socket_.join(NFNLGRP_NFTABLES));
    const auto after = tables.generation();
    const std::uint32_t own_commits = committed ? 1 : 0;
    missed_ = missed_ || !after || *after - before != own_commits;
    if (missed_) FAIRLEAD_CHECK(make_readable());
    return committed;
}

base::Result<void> NftMonitor::make_readable() {
    netlink::MessageBuilder any_request;
    encode_get_generation(any_request);
    return socket_.send(any_request.bytes());
}

base::Result<bool> NftMonitor::drain() {
    bool touched = std::exchange(missed_, false);
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
