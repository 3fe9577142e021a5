#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kernel/netlink/attributes.h"
#include "kernel/rtnetlink/objects.h"

namespace fairlead::kernel::rtnetlink {

/// A pair of devices that are two ends of a cable.
struct AddVeth {
    std::string name;
    std::string peer_name;
    std::optional<int> peer_namespace_fd;  ///< where the other end shall be; else here
};
struct AddBridge {
    std::string name;
};
/// What is absent stays as it is.
struct SetLink {
    std::uint32_t index = 0;
    std::optional<bool> up;
    std::optional<std::string> name;
    std::optional<std::uint32_t> mtu_bytes;
    std::optional<int> namespace_fd;
    std::optional<std::uint32_t> master_index;
};
struct DeleteLink {
    std::uint32_t index = 0;
};
struct AddAddress {
    LinkAddress address;
};
struct DeleteAddress {
    LinkAddress address;
};
struct AddRoute {
    Route route;
};
struct DeleteRoute {
    Route route;
};

/// One change of the network stack.
using Request =
    std::variant<AddVeth, AddBridge, SetLink, DeleteLink, AddAddress, DeleteAddress, AddRoute, DeleteRoute>;

/// The request as one message that the kernel acknowledges, with sequence number 0.
std::vector<std::byte> encode(const Request& request);
/// "add address 10.0.0.1/32 to link 3", for error messages.
std::string describe(const Request& request);

enum class DumpKind { kLinks, kAddresses, kRoutes };
/// A request for all objects of a kind, of both families.
std::vector<std::byte> encode_dump(DumpKind kind);
/// A request for the route that a packet of this host to `destination` takes.
std::vector<std::byte> encode_get_route(const base::IpAddress& destination);
/// A request for the link of that name.
std::vector<std::byte> encode_get_link(const std::string& name);
/// A request for the route that the connection would take. Protocol and port are told for TCP and UDP only:
/// the kernel refuses others here (rtm_getroute_parse_ip_proto), and knows no rules by port for them.
std::vector<std::byte> encode_get_route(const RouteQuery& query);

// What a message tells; nullopt if it is no such message, or one that cannot be read or shown.
std::optional<Link> decode_link(const netlink::Message& message);
std::optional<LinkAddress> decode_address(const netlink::Message& message);
/// Unicast routes of the main table and local ones of the local table.
std::optional<Route> decode_route(const netlink::Message& message);
/// RTA_PREFSRC of the answer to encode_get_route.
std::optional<base::IpAddress> decode_route_source(const netlink::Message& message);

}  // namespace fairlead::kernel::rtnetlink
