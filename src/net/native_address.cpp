#include "net/native_address.h"

#include <cstring>
#include <span>

namespace fairlead::net {

NativeAddress::NativeAddress(const base::SocketAddress& address, unsigned interface_index) {
    if (address.address.family() == base::Family::kIpv4) {
        sockaddr_in native{};
        native.sin_family = AF_INET;
        native.sin_port = htons(address.port);
        native.sin_addr = native_ipv4(address.address);
        std::memcpy(&storage, &native, sizeof native);
        size_bytes = sizeof native;
        return;
    }
    sockaddr_in6 native{};
    native.sin6_family = AF_INET6;
    native.sin6_port = htons(address.port);
    native.sin6_addr = native_ipv6(address.address);
    if (is_link_local(address.address)) native.sin6_scope_id = interface_index;
    std::memcpy(&storage, &native, sizeof native);
    size_bytes = sizeof native;
}

std::optional<base::SocketAddress> socket_address_of(const sockaddr_storage& native) {
    if (native.ss_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &native, sizeof ipv4);
        return base::SocketAddress{ip_address_of(ipv4.sin_addr), ntohs(ipv4.sin_port)};
    }
    if (native.ss_family != AF_INET6) return std::nullopt;
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &native, sizeof ipv6);
    return base::SocketAddress{ip_address_of(ipv6.sin6_addr), ntohs(ipv6.sin6_port)};
}

std::optional<base::SocketAddress> bound_address(int fd) {
    sockaddr_storage native{};
    socklen_t size = sizeof native;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&native), &size) != 0) return std::nullopt;
    return socket_address_of(native);
}

bool is_link_local(const base::IpAddress& address) {
    const auto bytes = address.bytes();
    return bytes.size() == sizeof(in6_addr) && bytes[0] == std::byte{0xfe} &&
           (bytes[1] & std::byte{0xc0}) == std::byte{0x80};
}

base::IpAddress ip_address_of(const in_addr& native) {
    return base::IpAddress{std::as_bytes(std::span{&native, 1})};
}

base::IpAddress ip_address_of(const in6_addr& native) {
    return base::IpAddress{std::as_bytes(std::span{&native, 1})};
}

in_addr native_ipv4(const base::IpAddress& address) {
    in_addr native{};
    std::memcpy(&native, address.bytes().data(), sizeof native);
    return native;
}

in6_addr native_ipv6(const base::IpAddress& address) {
    in6_addr native{};
    std::memcpy(&native, address.bytes().data(), sizeof native);
    return native;
}

int native_family(const base::IpAddress& address) {
    return address.family() == base::Family::kIpv4 ? AF_INET : AF_INET6;
}

}  // namespace fairlead::net
