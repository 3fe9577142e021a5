#include "net/connected_socket.h"

#include <cerrno>

#include "net/native_address.h"

namespace fairlead::net {

base::Result<Descriptor> connect_udp(const base::SocketAddress& server, std::uint32_t interface) {
    const auto place = "UDP to " + server.to_string();
    Descriptor socket{::socket(native_family(server.address), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (socket.get() < 0) return base::fail_errno(errno, place);
    const NativeAddress native{server, interface};
    if (connect(socket.get(), native.data(), native.size_bytes) != 0) return base::fail_errno(errno, place);
    return socket;
}

}  // namespace fairlead::net
