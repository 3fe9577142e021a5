#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"

namespace fairlead::kernel::rtnetlink {

/// A network device (RTM_NEWLINK, linux/if_link.h).
struct Link {
    std::uint32_t index = 0;
    std::string name;
    bool up = false;       ///< IFF_UP: what was asked for
    bool running = false;  ///< IFF_LOWER_UP: what the device says
    std::uint32_t mtu_bytes = 0;
    std::string kind;                ///< "veth", "bridge", ...; empty for loopback and hardware
    std::uint32_t master_index = 0;  ///< the bridge it is a port of; 0: none

    friend bool operator==(const Link&, const Link&) = default;
};

/// An address of a device (RTM_NEWADDR, linux/if_addr.h).
struct LinkAddress {
    std::uint32_t link_index = 0;
    base::IpAddress address;
    unsigned prefix_length = 0;
    /// IFA_F_NODAD, IPv6 only: usable at once, without asking whether somebody else has it.
    bool no_duplicate_check = false;

    friend bool operator==(const LinkAddress&, const LinkAddress&) = default;
};

/// Where packets of a route end (rtmsg.rtm_type, linux/rtnetlink.h); other kinds are not decoded.
enum class RouteKind : std::uint8_t { kUnicast, kLocal };

/// A route of the main table, or of the local table if it is local (RTM_NEWROUTE).
struct Route {
    base::Prefix destination{base::IpAddress{}, 0};
    std::optional<base::IpAddress> gateway;
    std::uint32_t link_index = 0;  ///< 0: the kernel finds the device from the gateway
    RouteKind kind = RouteKind::kUnicast;
    bool on_link = false;  ///< RTNH_F_ONLINK: the gateway is reachable though no route says so
    /// What this host sends from that way if a program does not say (RTA_PREFSRC); absent: the kernel finds
    /// one.
    std::optional<base::IpAddress> source = {};  // NOLINT(readability-redundant-member-init): may be left out
    /// Who made it, by which one knows one's own (rtm_protocol); 0: as programs that do not say
    /// (RTPROT_BOOT).
    std::uint8_t origin = 0;

    friend bool operator==(const Route&, const Route&) = default;
};

/// Where a connection of this node's own shall go.
struct RouteQuery {
    base::IpAddress destination;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;
};

}  // namespace fairlead::kernel::rtnetlink
