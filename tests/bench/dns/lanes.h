#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace fairlead::bench {

/// One socket to the server; messages are sent and received in batches, as well as a socket can.
class Lane {
  public:
    virtual ~Lane() = default;
    /// Puts a message behind what is to be sent.
    virtual void add(std::uint16_t id, std::span<const std::uint8_t> rest) = 0;
    /// Sends what was added. What the kernel does not take stays for the next call (TCP), or is lost (UDP).
    virtual void flush() = 0;
    /// Calls `visit(id, response code)` for each message that has come.
    virtual void receive(const std::function<void(std::uint16_t, unsigned)>& visit) = 0;
};

std::unique_ptr<Lane> udp_lane(const sockaddr_in& server);
std::unique_ptr<Lane> tcp_lane(const sockaddr_in& server);

}  // namespace fairlead::bench
