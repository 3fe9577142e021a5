#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <span>

#include "kernel/netlink/message.h"
#include "kernel/rtnetlink/codec.h"

namespace fairlead::kernel::rtnetlink {

namespace {

using base::Family;
using netlink::MessageBuilder;

constexpr std::uint16_t kChange = NLM_F_REQUEST | NLM_F_ACK;
constexpr std::uint16_t kAdd = kChange | NLM_F_CREATE | NLM_F_EXCL;
constexpr std::uint16_t kDump = NLM_F_REQUEST | NLM_F_DUMP;

unsigned char native(Family family) {
    return family == Family::kIpv4 ? AF_INET : AF_INET6;
}

template <class Header>
std::span<const std::byte> bytes_of(const Header& header) {
    return std::as_bytes(std::span{&header, 1});
}

template <class Header, class Fill>
std::vector<std::byte> message(std::uint16_t type, std::uint16_t flags, const Header& header, Fill fill) {
    MessageBuilder builder;
    builder.begin_message(type, flags, 0, bytes_of(header));
    fill(builder);
    builder.end_message();
    return {builder.bytes().begin(), builder.bytes().end()};
}

void put_veth(MessageBuilder& builder, const AddVeth& veth) {
    builder.put_string(IFLA_IFNAME, veth.name);
    const auto info = builder.begin_nested(IFLA_LINKINFO);
    builder.put(IFLA_INFO_KIND, std::as_bytes(std::span{"veth", 4}));
    const auto data = builder.begin_nested(IFLA_INFO_DATA);
    // The peer is described as a link of its own: an ifinfomsg, then attributes.
    const auto peer = builder.begin_nested(VETH_INFO_PEER);
    builder.put_header(bytes_of(ifinfomsg{}));
    if (veth.peer_namespace_fd)
        builder.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(*veth.peer_namespace_fd));
    builder.put_string(IFLA_IFNAME, veth.peer_name);
    builder.end_nested(peer);
    builder.end_nested(data);
    builder.end_nested(info);
}

void put_bridge(MessageBuilder& builder, const AddBridge& bridge) {
    builder.put_string(IFLA_IFNAME, bridge.name);
    const auto info = builder.begin_nested(IFLA_LINKINFO);
    builder.put(IFLA_INFO_KIND, std::as_bytes(std::span{"bridge", 6}));
    builder.end_nested(info);
}

ifinfomsg link_header(std::uint32_t index) {
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    return header;
}

std::vector<std::byte> encode_set(const SetLink& set) {
    auto header = link_header(set.index);
    if (set.up) {
        header.ifi_change = IFF_UP;
        header.ifi_flags = *set.up ? IFF_UP : 0;
    }
    return message(RTM_NEWLINK, kChange, header, [&](MessageBuilder& builder) {
        if (set.name) builder.put_string(IFLA_IFNAME, *set.name);
        if (set.mtu_bytes) builder.put_u32(IFLA_MTU, *set.mtu_bytes);
        if (set.master_index) builder.put_u32(IFLA_MASTER, *set.master_index);
        if (set.namespace_fd) builder.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(*set.namespace_fd));
    });
}

std::vector<std::byte> encode_address(std::uint16_t type, std::uint16_t flags, const LinkAddress& address) {
    ifaddrmsg header{};
    header.ifa_family = native(address.address.family());
    header.ifa_prefixlen = static_cast<unsigned char>(address.prefix_length);
    header.ifa_flags = address.no_duplicate_check ? IFA_F_NODAD : 0;
    header.ifa_index = address.link_index;
    return message(type, flags, header, [&](MessageBuilder& builder) {
        builder.put(IFA_LOCAL, address.address.bytes());
        builder.put(IFA_ADDRESS, address.address.bytes());
    });
}

/// How far away the destination is, which IPv4 alone wants to know.
unsigned char scope_of(const Route& route) {
    if (route.kind == RouteKind::kLocal) return RT_SCOPE_HOST;
    const bool ipv4 = route.destination.family() == Family::kIpv4;
    return ipv4 && !route.gateway ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

rtmsg route_header(const Route& route) {
    const bool local = route.kind == RouteKind::kLocal;
    rtmsg header{};
    header.rtm_family = native(route.destination.family());
    header.rtm_dst_len = static_cast<unsigned char>(route.destination.length());
    header.rtm_table = local ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
    header.rtm_protocol = route.origin == 0 ? std::uint8_t{RTPROT_BOOT} : route.origin;
    header.rtm_scope = scope_of(route);
    header.rtm_type = local ? RTN_LOCAL : RTN_UNICAST;
    header.rtm_flags = route.on_link ? RTNH_F_ONLINK : 0;
    return header;
}

std::vector<std::byte> encode_route(std::uint16_t type, std::uint16_t flags, const Route& route) {
    return message(type, flags, route_header(route), [&](MessageBuilder& builder) {
        if (route.destination.length() > 0) builder.put(RTA_DST, route.destination.first().bytes());
        if (route.gateway) builder.put(RTA_GATEWAY, route.gateway->bytes());
        if (route.link_index != 0) builder.put_u32(RTA_OIF, route.link_index);
        if (route.source) builder.put(RTA_PREFSRC, route.source->bytes());
    });
}

struct Encoder {
    std::vector<std::byte> operator()(const AddVeth& veth) const {
        return message(RTM_NEWLINK, kAdd, ifinfomsg{}, [&](auto& builder) { put_veth(builder, veth); });
    }
    std::vector<std::byte> operator()(const AddBridge& bridge) const {
        return message(RTM_NEWLINK, kAdd, ifinfomsg{}, [&](auto& builder) { put_bridge(builder, bridge); });
    }
    std::vector<std::byte> operator()(const SetLink& set) const { return encode_set(set); }
    std::vector<std::byte> operator()(const DeleteLink& link) const {
        return message(RTM_DELLINK, kChange, link_header(link.index), [](auto&) {});
    }
    std::vector<std::byte> operator()(const AddAddress& add) const {
        return encode_address(RTM_NEWADDR, kAdd, add.address);
    }
    std::vector<std::byte> operator()(const DeleteAddress& remove) const {
        return encode_address(RTM_DELADDR, kChange, remove.address);
    }
    std::vector<std::byte> operator()(const AddRoute& add) const {
        return encode_route(RTM_NEWROUTE, kAdd, add.route);
    }
    std::vector<std::byte> operator()(const DeleteRoute& remove) const {
        return encode_route(RTM_DELROUTE, kChange, remove.route);
    }
};

}  // namespace

std::vector<std::byte> encode(const Request& request) {
    return std::visit(Encoder{}, request);
}

std::vector<std::byte> encode_dump(DumpKind kind) {
    switch (kind) {
        case DumpKind::kLinks:
            return message(RTM_GETLINK, kDump, ifinfomsg{}, [](MessageBuilder& builder) {
                builder.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
            });
        case DumpKind::kAddresses:
            return message(RTM_GETADDR, kDump, ifaddrmsg{}, [](auto&) {});
        case DumpKind::kRoutes:
            break;
    }
    return message(RTM_GETROUTE, kDump, rtmsg{}, [](auto&) {});
}

std::vector<std::byte> encode_get_route(const base::IpAddress& destination) {
    rtmsg header{};
    header.rtm_family = native(destination.family());
    header.rtm_dst_len = static_cast<unsigned char>(base::address_size_bytes(destination.family()) * 8);
    return message(RTM_GETROUTE, kChange, header,
                   [&](MessageBuilder& builder) { builder.put(RTA_DST, destination.bytes()); });
}

std::vector<std::byte> encode_get_link(const std::string& name) {
    return message(RTM_GETLINK, kChange, ifinfomsg{}, [&](MessageBuilder& builder) {
        builder.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        builder.put_string(IFLA_IFNAME, name);
    });
}

std::vector<std::byte> encode_get_route(const RouteQuery& query) {
    const auto& destination = query.destination;
    rtmsg header{};
    header.rtm_family = native(destination.family());
    header.rtm_dst_len = static_cast<unsigned char>(destination.bytes().size() * 8);
    return message(RTM_GETROUTE, kChange, header, [&](MessageBuilder& builder) {
        builder.put(RTA_DST, destination.bytes());
        if (query.protocol == base::L4Protocol::kSctp) return;
        const auto protocol = static_cast<std::byte>(query.protocol);
        builder.put(RTA_IP_PROTO, std::span{&protocol, 1});
        const auto port = htons(query.port);
        builder.put(RTA_DPORT, std::as_bytes(std::span{&port, 1}));
    });
}

}  // namespace fairlead::kernel::rtnetlink
