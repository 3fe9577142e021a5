#pragma once

#include <functional>
#include <string>

#include "kernel/netlink/socket.h"

namespace fairlead::kernel::nftables {

class NetlinkNftTables;

/// Watches nf_tables of this network namespace (NFNLGRP_NFTABLES) for changes that somebody else makes to
/// tables of one name. Our own commits are dropped in the kernel by their port id, so they cost nothing
/// however large they are.
class NftMonitor {
  public:
    /// `own_port_id`: of the socket that commits for us.
    static base::Result<NftMonitor> open(std::string table, std::uint32_t own_port_id);

    /// Readable when there is something to drain.
    [[nodiscard]] int fd() const { return socket_.fd(); }

    /// Takes in all events that are waiting. True if one concerns our tables, or if some were lost (ENOBUFS).
    base::Result<bool> drain();

    /// Calls `commit`, which commits once through `tables`, while nobody listens: the kernel builds an event
    /// of 4 KiB for each element as long as somebody does, even if that drops it (250,000 elements: 1 GiB and
    /// ten times the time). Nothing is missed: if more than that one commit went by meanwhile, the next
    /// drain() is true, and fd() is readable for it.
    base::Result<void> unobserved(NetlinkNftTables& tables,
                                  const std::function<base::Result<void>()>& commit);

  private:
    NftMonitor(std::string table, netlink::Socket socket)
        : table_(std::move(table)), socket_(std::move(socket)) {}

    base::Result<void> make_readable();

    std::string table_;
    netlink::Socket socket_;
    bool missed_ = false;
};

}  // namespace fairlead::kernel::nftables
