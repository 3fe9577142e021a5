#pragma once

// For .cpp files of net/ only: it drags the kernel's socket headers in.

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "base/socket_address.h"

namespace fairlead::net {

/// A socket address as the kernel has it.
struct NativeAddress {
    sockaddr_storage storage{};
    socklen_t size_bytes = 0;

    NativeAddress() = default;
    /// `interface_index` counts for IPv6 link-local addresses alone.
    explicit NativeAddress(const base::SocketAddress& address, unsigned interface_index = 0);

    [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
    [[nodiscard]] sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// Nothing for a family that is neither IPv4 nor IPv6.
std::optional<base::SocketAddress> socket_address_of(const sockaddr_storage& native);
/// The address a socket is bound to, if it is bound.
std::optional<base::SocketAddress> bound_address(int fd);
/// Whether it is fe80::/10, which means something on one link only.
bool is_link_local(const base::IpAddress& address);

base::IpAddress ip_address_of(const in_addr& native);
base::IpAddress ip_address_of(const in6_addr& native);
in_addr native_ipv4(const base::IpAddress& address);
in6_addr native_ipv6(const base::IpAddress& address);

/// AF_INET or AF_INET6.
int native_family(const base::IpAddress& address);

}  // namespace fairlead::net
