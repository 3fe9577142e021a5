#pragma once

#include <optional>
#include <vector>

#include "kernel/rtnetlink/rtnetlink.h"

namespace fairlead::dns_server {

/// Marks the routes that are ours (rtm_protocol; not in /etc/iproute2/rt_protos).
inline constexpr std::uint8_t kRouteOrigin = 0xfd;

/// The routes that make addresses of the DNS server ones of this host: "local ADDRESS dev lo". Programs of
/// this node send to them from the address that they would use if it were elsewhere, so that a translated
/// query comes back.
class LocalRoutes {
  public:
    static base::Result<LocalRoutes> open();

    /// Makes what is missing and removes what is ours and not wanted. A node without a way to an address has
    /// none for it either, and programs then send from that address itself. True if something had to be
    /// written.
    base::Result<bool> apply(const std::vector<base::IpAddress>& addresses);

  private:
    explicit LocalRoutes(kernel::rtnetlink::RtNetlink rtnetlink) : rtnetlink_(std::move(rtnetlink)) {}

    base::Result<std::vector<kernel::rtnetlink::Route>> own_routes();
    base::Result<bool> remove_unwanted(const std::vector<base::IpAddress>& wanted);
    base::Result<void> add(const base::IpAddress& address, std::uint32_t loopback,
                           const std::optional<base::IpAddress>& source);

    kernel::rtnetlink::RtNetlink rtnetlink_;
    std::optional<std::vector<base::IpAddress>> applied_;
};

}  // namespace fairlead::dns_server
