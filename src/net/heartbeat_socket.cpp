#include "net/heartbeat_socket.h"

#include <cerrno>

#include "net/listening_socket.h"
#include "net/native_address.h"

namespace fairlead::net {

base::Result<HeartbeatSocket> HeartbeatSocket::open(const base::IpAddress& loopback) {
    BindOptions options;
    options.address = {loopback, 0};
    options.receive_buffer_bytes = 1;  // as small as there is
    FAIRLEAD_TRY(auto socket, bind_udp(options));
    const auto own = bound_address(socket.get());
    if (!own) return base::fail_errno(errno, "heartbeats at " + loopback.to_string());
    const NativeAddress native{*own};
    if (connect(socket.get(), native.data(), native.size_bytes) != 0)
        return base::fail_errno(errno, "heartbeats at " + own->to_string());
    return HeartbeatSocket{std::move(socket)};
}

void HeartbeatSocket::send(std::string_view payload) {
    static_cast<void>(::send(socket_.get(), payload.data(), payload.size(), MSG_DONTWAIT));
}

}  // namespace fairlead::net
