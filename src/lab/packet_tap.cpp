#include "lab/packet_tap.h"

#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "kernel/netns/namespaces.h"
#include "lab/packet_socket.h"
#include "net/raw_socket.h"

namespace fairlead::lab {

namespace {

using base::Result;

/// When the kernel took in the packet that was read last. The first call makes it note times.
double time_of_last_packet(int fd) {
    constexpr double kNanosecond = 1e-9;
    timespec time{};
    ioctl(fd, SIOCGSTAMPNS, &time);
    return static_cast<double>(time.tv_sec) + kNanosecond * static_cast<double>(time.tv_nsec);
}

}  // namespace

Result<PacketTap> PacketTap::open(std::string_view netns) {
    FAIRLEAD_TRY(auto socket, open_packet_socket(netns));
    time_of_last_packet(socket.get());
    return PacketTap{std::move(socket)};
}

const std::vector<SeenSegment>& PacketTap::seen() {
    constexpr std::size_t kHeadersBytes = 128;
    std::array<std::byte, kHeadersBytes> packet{};
    sockaddr_ll from{};
    for (;;) {
        socklen_t from_size = sizeof from;
        const auto size = recvfrom(socket_.get(), packet.data(), packet.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &from_size);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return seen_;
        const auto segment = net::decode_segment({packet.data(), static_cast<std::size_t>(size)});
        if (segment)
            seen_.push_back(
                {from.sll_pkttype == PACKET_OUTGOING, time_of_last_packet(socket_.get()), *segment});
    }
}

void PacketTap::clear() {
    seen();
    seen_.clear();
}

Result<void> send_packet(std::string_view netns, const net::TcpSegment& segment) {
    return kernel::netns::run_in(netns, [&]() -> Result<void> {
        FAIRLEAD_TRY(auto socket, net::RawSocket::open(segment.destination.address.family()));
        return socket.send(segment);
    });
}

}  // namespace fairlead::lab
