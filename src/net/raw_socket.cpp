#include "net/raw_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fairlead::net {

using base::Result;

Result<RawSocket> RawSocket::open(base::Family family) {
    const int fd =
        socket(family == base::Family::kIpv4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (fd < 0) return base::fail_errno(errno, "raw socket");
    return RawSocket{fd};
}

RawSocket::RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

RawSocket& RawSocket::operator=(RawSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

RawSocket::~RawSocket() {
    if (fd_ >= 0) close(fd_);
}

Result<void> RawSocket::send(const TcpSegment& segment) {
    const auto packet = encode_segment(segment);
    const auto& destination = segment.destination.address;
    const bool ipv4 = destination.family() == base::Family::kIpv4;
    sockaddr_in to4{};
    to4.sin_family = AF_INET;
    sockaddr_in6 to6{};
    to6.sin6_family = AF_INET6;
    std::memcpy(ipv4 ? static_cast<void*>(&to4.sin_addr) : static_cast<void*>(&to6.sin6_addr),
                destination.bytes().data(), destination.bytes().size());
    const auto* to = ipv4 ? reinterpret_cast<const sockaddr*>(&to4) : reinterpret_cast<const sockaddr*>(&to6);
    const auto sent =
        sendto(fd_, packet.data(), packet.size(), MSG_DONTWAIT, to, ipv4 ? sizeof to4 : sizeof to6);
    if (sent < 0) return base::fail_errno(errno, "sending a packet to " + segment.destination.to_string());
    return {};
}

}  // namespace fairlead::net
