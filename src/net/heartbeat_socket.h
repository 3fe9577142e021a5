#pragma once

#include <string_view>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/descriptor.h"

namespace fairlead::net {

/// Sends datagrams to itself that nobody reads: the kernel's packet filter sees them on their way. Movable.
class HeartbeatSocket {
  public:
    /// `loopback` is 127.0.0.1 or ::1.
    static base::Result<HeartbeatSocket> open(const base::IpAddress& loopback);

    /// One that is lost is made up for by the next.
    void send(std::string_view payload);

  private:
    explicit HeartbeatSocket(Descriptor socket) : socket_(std::move(socket)) {}

    Descriptor socket_;
};

}  // namespace fairlead::net
