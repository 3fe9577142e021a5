#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/nftables/objects.h"
#include "kernel/nftables/transaction.h"

namespace fairlead::dns_server {

/// The table, in both families, that hands packets to the DNS server while it lives and is not in the way
/// when it does not.
inline constexpr std::string_view kInterceptionTable = "fairlead-dns";
/// The table for what this node itself sends. The kernel removes it with the process that owns it.
inline constexpr std::string_view kOwnQueriesTable = "fairlead-dns-own";

inline constexpr std::uint16_t kDnsPort = 53;
/// How long after the last heartbeat packets are still handed to the server.
inline constexpr std::chrono::milliseconds kHeartbeatLife{3000};

/// What the payload of a heartbeat begins with; it is sent from 127.0.0.1 or ::1 to the same, over UDP.
inline constexpr std::string_view kHeartbeatPayload = "fl-alive";
/// 127.0.0.1 or ::1
base::IpAddress loopback_address(base::Family family);

/// Chains, rules and sets without elements.
///
/// `intercept` sees what comes in. A packet to port 53 of an address in `addresses` goes to the server's
/// socket, untracked, if each of these holds; if one does not, the rule ends, and the packet goes the way
/// that it would go without fairlead: the address is routed to this host (else the packet would be
/// forwarded), there was a heartbeat of late, and a socket is bound to that address and port.
/// `untrack-replies` keeps connection tracking away from what the server sends. `guard` refuses what comes to
/// one of the addresses otherwise, for the route makes them addresses of this host, at which a program may
/// listen that means itself.
kernel::nftables::TableContents interception_table(base::Family family);
/// `untrack-queries` leaves queries of this node's own programs untracked, so that they come back over the
/// loopback device to `intercept` in place of being translated.
kernel::nftables::TableContents own_queries_table(base::Family family);

/// The elements of `addresses`: those of `all` that are of this family, sorted, each once.
std::vector<kernel::nftables::Element> address_elements(base::Family family,
                                                        std::span<const base::IpAddress> all);

/// Makes `table` anew with these addresses, whatever was there, in one step.
kernel::nftables::Transaction replacement(const kernel::nftables::TableContents& table,
                                          std::vector<kernel::nftables::Element> addresses);
/// Says that the server is dead, at once and not when its last heartbeat has aged.
kernel::nftables::Transaction withdrawal(base::Family family, std::string_view table);
/// Removes a table of that name.
kernel::nftables::Transaction removal(base::Family family, std::string_view table);

/// The set of the addresses, in both tables.
inline constexpr std::string_view kAddresses = "addresses";

}  // namespace fairlead::dns_server
