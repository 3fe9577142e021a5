#pragma once

// For .cpp files of net/ only.

#include <fcntl.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>

#include "base/socket_address.h"

namespace fairlead::net {

/// Before it is tried again to accept, where there is no descriptor for a connection.
constexpr std::chrono::milliseconds kPauseBetweenTries{100};

inline boost::asio::ip::tcp::endpoint endpoint_of(const base::SocketAddress& address) {
    return {boost::asio::ip::make_address(address.address.to_string()), address.port};
}

/// Opens `acceptor` and listens at `address`. Programs that are started meanwhile do not inherit the socket:
/// it would outlive us in them.
inline boost::system::error_code listen_at(boost::asio::ip::tcp::acceptor& acceptor,
                                           const base::SocketAddress& address) {
    const auto endpoint = endpoint_of(address);
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    if (!error) acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    return error;
}

}  // namespace fairlead::net
