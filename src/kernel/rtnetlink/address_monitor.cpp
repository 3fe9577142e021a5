#include "kernel/rtnetlink/address_monitor.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <utility>

namespace fairlead::kernel::rtnetlink {

base::Result<AddressMonitor> AddressMonitor::open() {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_ROUTE));
    FAIRLEAD_CHECK(socket.join(RTNLGRP_IPV4_IFADDR));
    FAIRLEAD_CHECK(socket.join(RTNLGRP_IPV6_IFADDR));
    return AddressMonitor{std::move(socket)};
}

base::Result<bool> AddressMonitor::drain() {
    for (bool changed = false;; changed = true) {
        const auto datagram = socket_.receive();
        if (!datagram && datagram.error().code == base::ErrorCode::kBusy) continue;
        FAIRLEAD_CHECK(datagram);
        if (datagram->empty()) return changed;
    }
}

}  // namespace fairlead::kernel::rtnetlink
