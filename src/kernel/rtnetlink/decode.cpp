#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstring>

#include "kernel/rtnetlink/codec.h"

// net/if.h lacks it, linux/if.h cannot be included beside it.
constexpr unsigned kLowerUp = 1U << 16U;  // IFF_LOWER_UP

namespace fairlead::kernel::rtnetlink {

namespace {

using base::Family;
using base::IpAddress;
using netlink::Attribute;
using netlink::Message;

template <class Header>
std::optional<Header> header_of(const Message& message, std::uint16_t type) {
    Header header{};
    if (message.type != type || message.payload.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, message.payload.data(), sizeof header);
    return header;
}

std::optional<Family> family_of(unsigned char native) {
    if (native == AF_INET) return Family::kIpv4;
    if (native == AF_INET6) return Family::kIpv6;
    return std::nullopt;
}

std::optional<IpAddress> address_of(const std::optional<Attribute>& attribute, Family family) {
    if (!attribute || attribute->payload.size() != base::address_size_bytes(family)) return std::nullopt;
    return IpAddress{attribute->payload};
}

}  // namespace

std::optional<Link> decode_link(const Message& message) {
    const auto header = header_of<ifinfomsg>(message, RTM_NEWLINK);
    if (!header || header->ifi_index <= 0) return std::nullopt;
    const auto attributes = message.attributes(sizeof *header);
    Link link;
    link.index = static_cast<std::uint32_t>(header->ifi_index);
    link.name = attributes.text(IFLA_IFNAME);
    link.up = (header->ifi_flags & IFF_UP) != 0;
    link.running = (header->ifi_flags & kLowerUp) != 0;
    link.mtu_bytes = attributes.u32(IFLA_MTU).value_or(0);
    link.kind = attributes.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND);
    link.master_index = attributes.u32(IFLA_MASTER).value_or(0);
    return link;
}

std::optional<LinkAddress> decode_address(const Message& message) {
    const auto header = header_of<ifaddrmsg>(message, RTM_NEWADDR);
    if (!header) return std::nullopt;
    const auto family = family_of(header->ifa_family);
    if (!family || header->ifa_prefixlen > base::address_size_bytes(*family) * 8) return std::nullopt;
    const auto attributes = message.attributes(sizeof *header);
    // IPv6 addresses come without IFA_LOCAL; on point-to-point devices IFA_ADDRESS is the other side's.
    auto local = attributes.find(IFA_LOCAL);
    const auto address = address_of(local ? local : attributes.find(IFA_ADDRESS), *family);
    if (!address) return std::nullopt;
    const auto flags = attributes.u32(IFA_FLAGS).value_or(header->ifa_flags);
    return LinkAddress{header->ifa_index, *address, header->ifa_prefixlen, (flags & IFA_F_NODAD) != 0};
}

std::optional<Route> decode_route(const Message& message) {
    const auto header = header_of<rtmsg>(message, RTM_NEWROUTE);
    if (!header) return std::nullopt;
    const auto family = family_of(header->rtm_family);
    if (!family || header->rtm_dst_len > base::address_size_bytes(*family) * 8) return std::nullopt;
    // The way of one packet (RTM_GETROUTE) is said to be of the main table while the kernel keeps both in
    // one.
    const bool local = header->rtm_type == RTN_LOCAL &&
                       (header->rtm_table == RT_TABLE_LOCAL || (header->rtm_flags & RTM_F_CLONED) != 0);
    const bool unicast = header->rtm_type == RTN_UNICAST && header->rtm_table == RT_TABLE_MAIN;
    if (!local && !unicast) return std::nullopt;
    const auto attributes = message.attributes(sizeof *header);
    const auto destination = address_of(attributes.find(RTA_DST), *family);
    if (!destination && header->rtm_dst_len > 0) return std::nullopt;
    Route route;
    const std::byte zeros[16] = {};
    const IpAddress any{std::span{zeros}.first(base::address_size_bytes(*family))};
    route.destination = base::Prefix{destination.value_or(any), header->rtm_dst_len};
    route.gateway = address_of(attributes.find(RTA_GATEWAY), *family);
    route.link_index = attributes.u32(RTA_OIF).value_or(0);
    route.kind = local ? RouteKind::kLocal : RouteKind::kUnicast;
    route.on_link = (header->rtm_flags & RTNH_F_ONLINK) != 0;
    route.source = address_of(attributes.find(RTA_PREFSRC), *family);
    route.origin = header->rtm_protocol == RTPROT_BOOT ? std::uint8_t{0} : header->rtm_protocol;
    return route;
}

std::optional<IpAddress> decode_route_source(const Message& message) {
    const auto header = header_of<rtmsg>(message, RTM_NEWROUTE);
    const auto family = header ? family_of(header->rtm_family) : std::nullopt;
    if (!family) return std::nullopt;
    return address_of(message.attributes(sizeof *header).find(RTA_PREFSRC), *family);
}

}  // namespace fairlead::kernel::rtnetlink
