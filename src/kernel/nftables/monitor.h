#pragma once

#include <string>

#include "kernel/netlink/socket.h"

namespace fairlead::kernel::nftables {

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

  private:
    NftMonitor(std::string table, netlink::Socket socket)
        : table_(std::move(table)), socket_(std::move(socket)) {}

    std::string table_;
    netlink::Socket socket_;
};

}  // namespace fairlead::kernel::nftables
