#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/netlink/socket.h"
#include "kernel/rtnetlink/codec.h"

namespace fairlead::kernel::rtnetlink {

/// Devices, addresses and routes of the network namespace in which it was opened (rtnetlink(7)).
/// It stays with that namespace whatever its thread does later. One thread at a time. Movable.
class RtNetlink {
  public:
    static base::Result<RtNetlink> open();

    /// Makes one change. Errors name it and say what the kernel said; kExists and kNotFound mean what they
    /// say.
    base::Result<void> apply(const Request& request);

    /// kNotFound if there is none.
    base::Result<Link> link(const std::string& name);
    base::Result<std::vector<Link>> links();
    base::Result<std::vector<LinkAddress>> addresses();
    /// Unicast routes of the main table and local ones of the local table.
    base::Result<std::vector<Route>> routes();
    /// The address that the kernel gives a connection of this node whose program chose none: what routes,
    /// rules and source address selection (RFC 6724) say. Fails with what connect(2) would say if there is no
    /// route.
    base::Result<base::IpAddress> source_towards(const RouteQuery& query);

    /// The way that a packet of this host to `destination` takes, with the address that it is sent from.
    /// kUnavailable if there is none.
    base::Result<Route> route_to(const base::IpAddress& destination);

  private:
    explicit RtNetlink(netlink::Socket socket) : socket_(std::move(socket)) {}
    template <class Object>
    base::Result<std::vector<Object>> dump(DumpKind kind,
                                           std::optional<Object> (*decode)(const netlink::Message&));

    netlink::Socket socket_;
};

}  // namespace fairlead::kernel::rtnetlink
