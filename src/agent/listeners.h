#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/socket_address.h"
#include "net/event_loop.h"
#include "net/http_server.h"

namespace fairlead::agent {

/// The servers of the health and the admin pages. They move together: either both listen where they are told
/// to, or both stay where they were.
class Listeners {
  public:
    Listeners(net::EventLoop& loop, net::HttpServer::Handler health, net::HttpServer::Handler admin);

    /// Listens on these addresses from now on; a server whose address stays is not touched. One address may
    /// be what the other had, or overlap what it had itself: then the old one is closed first, for a moment.
    /// The error names the address that cannot be had.
    base::Result<void> listen(const base::SocketAddress& health, const base::SocketAddress& admin);

    /// The same, each on its own and as soon as it can be had: an address that is taken is tried again every
    /// 5 s, as kube-proxy does, until listen() or this is called anew.
    void keep_trying(const base::SocketAddress& health, const base::SocketAddress& admin);

    /// Addresses that are being tried again, one sentence each.
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

  private:
    struct Place {
        net::HttpServer::Handler handler;
        base::SocketAddress address;
        std::unique_ptr<net::HttpServer> server;
    };
    using Addresses = std::array<base::SocketAddress, 2>;

    [[nodiscard]] bool moves(std::size_t place, const Addresses& wanted) const;
    void make_room(const Addresses& wanted);
    void restore();
    void try_again(Addresses wanted);
    base::Result<std::unique_ptr<net::HttpServer>> bind(const Place& place,
                                                        const base::SocketAddress& address);

    net::EventLoop& loop_;
    std::array<Place, 2> places_;
    std::vector<std::string> problems_;
    net::Subscription retry_;
};

}  // namespace fairlead::agent
