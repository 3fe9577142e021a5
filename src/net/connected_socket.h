#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/descriptor.h"

namespace fairlead::net {

/// A non-blocking UDP socket from a port that the kernel draws. Only the server's datagrams come in, and a
/// refusal (ICMP) is the error of the next call. `interface` counts for IPv6 link-local addresses alone. The
/// error names the address.
base::Result<Descriptor> connect_udp(const base::SocketAddress& server, std::uint32_t interface = 0);

}  // namespace fairlead::net
