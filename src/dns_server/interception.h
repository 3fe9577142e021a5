#pragma once

#include <optional>
#include <vector>

#include "dns_server/local_routes.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "net/heartbeat_socket.h"

namespace fairlead::dns_server {

/// Brings queries to the DNS server's sockets for as long as it lives, in the network namespace in which it
/// was opened. See interception_tables.h and docs/dns-server.md.
///
/// Destroying it leaves everything there but what this node's own queries need: an agent that is started
/// again goes on with it, and meanwhile there is no heartbeat and no socket, so packets take the way that
/// they would take without fairlead.
class Interception {
  public:
    static base::Result<Interception> open();

    /// Wants queries to these addresses. Reads back what is there and writes what differs: call it again when
    /// somebody else may have changed it. True if something had to be written. The sockets shall be bound
    /// before.
    base::Result<bool> apply(const std::vector<base::IpAddress>& addresses);
    /// Of the ruleset of this namespace: while it is the same nobody has changed the rules.
    base::Result<std::uint32_t> generation() { return tables_.generation(); }
    /// Says that the server lives; due every second, kHeartbeatLife after the last one it counts as dead.
    void beat();
    /// Lets new queries go the way that they would go without fairlead, until the next beat(). Replies still
    /// leave untracked: one that connection tracking saw would be taken for the start of a flow, and the next
    /// query from its client's port for the answer, which is not translated. No error if nothing is there.
    base::Result<void> withdraw();
    /// Removes all of it, once the server has sent its last reply. No error if nothing is there.
    base::Result<void> remove();

    /// Whether queries of this node's own programs come to the server, too: kernels before 5.12 cannot do it.
    [[nodiscard]] bool covers_own_queries() const { return covers_own_queries_; }
    /// The events that our commits cause are marked with these (kernel::nftables::NftMonitor).
    [[nodiscard]] std::uint32_t port_id() const { return tables_.port_id(); }

  private:
    Interception(kernel::nftables::NetlinkNftTables tables, LocalRoutes routes)
        : tables_(std::move(tables)), routes_(std::move(routes)) {}

    base::Result<bool> apply_table(const kernel::nftables::TableContents& wanted,
                                   const std::vector<base::IpAddress>& addresses);
    base::Result<bool> is_right(const kernel::nftables::TableContents& wanted,
                                const std::vector<kernel::nftables::Element>& addresses);
    base::Result<void> withdraw_from(base::Family family, std::string_view table);
    base::Result<bool> apply_own_queries(base::Family family, const std::vector<base::IpAddress>& addresses);

    kernel::nftables::NetlinkNftTables tables_;
    LocalRoutes routes_;
    std::optional<net::HeartbeatSocket> ipv4_heart_;
    std::optional<net::HeartbeatSocket> ipv6_heart_;
    bool covers_own_queries_ = true;
};

}  // namespace fairlead::dns_server
