#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/dns_packet.h"
#include "net/descriptor.h"

namespace fairlead::lab {

/// Sees every DNS packet over UDP that passes the device "eth0" of a network namespace. Movable.
class DnsTap {
  public:
    static base::Result<DnsTap> open(std::string_view netns);

    /// What has passed since it was opened or asked last. kUnavailable if there was more than the kernel
    /// keeps until it is asked for (some thousands): a count would be wrong.
    base::Result<std::vector<DnsPacket>> take();

  private:
    explicit DnsTap(net::Descriptor socket) : socket_(std::move(socket)) {}

    net::Descriptor socket_;
};

}  // namespace fairlead::lab
