#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/event_loop.h"

namespace fairlead::net {

/// The number of a network device; 0 if there is none of that name.
std::uint32_t interface_index(const std::string& name);

/// UDP questions to servers, each from a socket of its own: connected, so that only the server's datagrams
/// come in and its refusals are noticed, and with a port that the kernel draws anew (RFC 5452 section 9.2).
/// One event loop.
class QuerySockets {
  public:
    struct Options {
        std::size_t limit = 1000;  ///< sockets open at once
        /// A socket is closed that long after it was opened, whatever comes.
        base::Duration life = std::chrono::seconds{5};
    };
    struct Listener {
        /// A datagram from the server that was asked. True: the socket is not needed any more.
        std::function<bool(std::uint64_t exchange, std::span<const std::uint8_t> bytes)> received;
        /// The server or a router on the way said that nobody is there. The socket is closed.
        std::function<void(std::uint64_t exchange, const base::Error& why)> failed;
    };

    static base::Result<std::unique_ptr<QuerySockets>> open(EventLoop& loop, const Options& options,
                                                            Listener listener);
    ~QuerySockets();
    QuerySockets(const QuerySockets&) = delete;
    QuerySockets& operator=(const QuerySockets&) = delete;

    /// Asks `server`; `exchange` is the caller's number for it, and of no other that is under way.
    /// `interface` counts for IPv6 link-local addresses alone (interface_index()). kBusy: too many are under
    /// way.
    base::Result<void> ask(std::uint64_t exchange, const base::SocketAddress& server, std::uint32_t interface,
                           std::span<const std::uint8_t> bytes);
    /// Nothing more is wanted of this exchange. No error if there is none.
    void forget(std::uint64_t exchange);

    [[nodiscard]] std::size_t open_sockets() const;

  private:
    class State;
    explicit QuerySockets(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace fairlead::net
