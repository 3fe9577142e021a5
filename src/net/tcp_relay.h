#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/event_loop.h"

namespace fairlead::net {

/// Where the connections of a TcpRelay go. All are called on its event loop.
struct RelayTargets {
    /// Addresses to try, in that order, for a new connection. None: the connection is reset.
    std::function<std::vector<base::SocketAddress>()> choose;
    /// This one took the connection.
    std::function<void(const base::SocketAddress&)> connected;
    /// None took the connection, and it is reset.
    std::function<void()> refused;
};

/// Accepts TCP connections at one address and carries each to one of its targets, both directions, until both
/// sides have closed theirs or one of them fails. A target that does not answer within 5 s is passed over.
/// There may be 1,024 connections; others wait in the queue of the socket. Connections that are there live on
/// when the relay is destroyed, for as long as its event loop runs.
class TcpRelay {
  public:
    /// Listens from now on. The error names the address and says why.
    static base::Result<std::unique_ptr<TcpRelay>> listen(EventLoop& loop, const base::SocketAddress& address,
                                                          RelayTargets targets);
    ~TcpRelay();
    TcpRelay(const TcpRelay&) = delete;
    TcpRelay& operator=(const TcpRelay&) = delete;

  private:
    class Listener;
    explicit TcpRelay(std::shared_ptr<Listener> listener);

    std::shared_ptr<Listener> listener_;
};

}  // namespace fairlead::net
