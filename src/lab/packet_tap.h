#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/segment_trace.h"
#include "net/descriptor.h"

namespace fairlead::lab {

/// Sees every TCP segment that passes the device "eth0" of a network namespace, by an AF_PACKET socket.
/// Movable.
class PacketTap {
  public:
    static base::Result<PacketTap> open(std::string_view netns);

    /// All segments since it was opened or cleared; the kernel keeps some thousands until they are read.
    const std::vector<SeenSegment>& seen();
    void clear();

  private:
    explicit PacketTap(net::Descriptor socket) : socket_(std::move(socket)) {}

    net::Descriptor socket_;
    std::vector<SeenSegment> seen_;
};

/// Sends a packet that begins with its IP header from a namespace, as it is (packet(7), raw(7): the kernel
/// fills in nothing but the IPv4 identification).
base::Result<void> send_packet(std::string_view netns, const net::TcpSegment& segment);

}  // namespace fairlead::lab
