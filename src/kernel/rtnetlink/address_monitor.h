#pragma once

#include "kernel/netlink/socket.h"

namespace fairlead::kernel::rtnetlink {

/// Watches the addresses of this network namespace (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR).
class AddressMonitor {
  public:
    static base::Result<AddressMonitor> open();

    /// Readable when there is something to drain.
    [[nodiscard]] int fd() const { return socket_.fd(); }

    /// Takes in all events that are waiting. True if an address came, changed or went, or if events were lost
    /// (ENOBUFS): look again at what there is (RtNetlink::addresses).
    base::Result<bool> drain();

  private:
    explicit AddressMonitor(netlink::Socket socket) : socket_(std::move(socket)) {}

    netlink::Socket socket_;
};

}  // namespace fairlead::kernel::rtnetlink
