#pragma once

#include "base/result.h"
#include "base/socket_address.h"
#include "net/descriptor.h"

namespace fairlead::net {

/// How a server's socket is bound.
struct BindOptions {
    base::SocketAddress address;
    /// May have an address that is not this host's, and takes what nftables' tproxy hands over
    /// (IP_TRANSPARENT, IPV6_TRANSPARENT). Needs CAP_NET_ADMIN or CAP_NET_RAW.
    bool transparent = false;
    /// Several sockets share the address, and the kernel spreads clients over them (SO_REUSEPORT).
    bool shared = false;
    /// Asked of the kernel for what came and was not read yet; it gives at most net.core.rmem_max, or all of
    /// it to a process with CAP_NET_ADMIN. 0: the system's default.
    int receive_buffer_bytes = 0;
};

/// A non-blocking UDP socket bound there. An IPv6 one takes IPv6 only. The error names the address.
base::Result<Descriptor> bind_udp(const BindOptions& options);
/// The same of TCP, listening.
base::Result<Descriptor> listen_tcp(const BindOptions& options);

}  // namespace fairlead::net
