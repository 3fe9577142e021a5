#include "net/listening_socket.h"

#include <cerrno>

#include "net/native_address.h"

namespace fairlead::net {

namespace {

using base::Result;

Result<void> set(int fd, int level, int option, int value, std::string_view name) {
    if (setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
    return base::fail_errno(errno, name);
}

Result<void> set_options(int fd, int type, const BindOptions& options) {
    const bool ipv6 = options.address.address.family() == base::Family::kIpv6;
    if (ipv6) FAIRLEAD_CHECK(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
    if (options.transparent)
        FAIRLEAD_CHECK(ipv6 ? set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1, "IPV6_TRANSPARENT")
                            : set(fd, IPPROTO_IP, IP_TRANSPARENT, 1, "IP_TRANSPARENT"));
    if (options.shared) FAIRLEAD_CHECK(set(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"));
    // A server that is started again would otherwise wait for the connections of the one before it.
    if (type == SOCK_STREAM) FAIRLEAD_CHECK(set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"));
    if (options.receive_buffer_bytes > 0 &&
        !set(fd, SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer_bytes, "SO_RCVBUFFORCE"))
        FAIRLEAD_CHECK(set(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes, "SO_RCVBUF"));
    return {};
}

Result<Descriptor> bound_socket(int type, const BindOptions& options) {
    const auto place = (type == SOCK_STREAM ? "TCP " : "UDP ") + options.address.to_string();
    Descriptor socket{
        ::socket(native_family(options.address.address), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (socket.get() < 0) return base::fail_errno(errno, place);
    if (auto ready = set_options(socket.get(), type, options); !ready)
        return base::fail_within(place, std::move(ready).error());
    const NativeAddress native{options.address};
    if (bind(socket.get(), native.data(), native.size_bytes) != 0)
        return base::fail_errno(errno, "bind to " + place);
    return socket;
}

}  // namespace

Result<Descriptor> bind_udp(const BindOptions& options) {
    return bound_socket(SOCK_DGRAM, options);
}

Result<Descriptor> listen_tcp(const BindOptions& options) {
    FAIRLEAD_TRY(auto socket, bound_socket(SOCK_STREAM, options));
    if (listen(socket.get(), SOMAXCONN) != 0)
        return base::fail_errno(errno, "listen at TCP " + options.address.to_string());
    return socket;
}

}  // namespace fairlead::net
