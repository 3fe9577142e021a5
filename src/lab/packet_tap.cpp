#include "lab/packet_tap.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include "kernel/netns/namespaces.h"
#include "net/raw_socket.h"

namespace fairlead::lab {

namespace {

using base::Result;

constexpr const char* kDevice = "eth0";

/// When the kernel took in the packet that was read last. The first call makes it note times.
double time_of_last_packet(int fd) {
    constexpr double kNanosecond = 1e-9;
    timespec time{};
    ioctl(fd, SIOCGSTAMPNS, &time);
    return static_cast<double>(time.tv_sec) + kNanosecond * static_cast<double>(time.tv_nsec);
}

Result<int> open_tap() {
    constexpr int kBufferBytes = 4 << 20;
    const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
    if (fd < 0) return base::fail_errno(errno, "packet socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = static_cast<int>(if_nametoindex(kDevice));
    if (bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) {
        time_of_last_packet(fd);
        return fd;
    }
    const int failure = errno;
    close(fd);
    return base::fail_errno(failure, std::string("packet socket on ") + kDevice);
}

}  // namespace

Result<PacketTap> PacketTap::open(std::string_view netns) {
    FAIRLEAD_TRY(const int fd, kernel::netns::run_in(netns, open_tap));
    return PacketTap{fd};
}

PacketTap::PacketTap(PacketTap&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}

PacketTap::~PacketTap() {
    if (fd_ >= 0) close(fd_);
}

const std::vector<SeenSegment>& PacketTap::seen() {
    constexpr std::size_t kHeadersBytes = 128;
    std::array<std::byte, kHeadersBytes> packet{};
    sockaddr_ll from{};
    for (;;) {
        socklen_t from_size = sizeof from;
        const auto size =
            recvfrom(fd_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &from_size);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return seen_;
        const auto segment = net::decode_segment({packet.data(), static_cast<std::size_t>(size)});
        if (segment)
            seen_.push_back({from.sll_pkttype == PACKET_OUTGOING, time_of_last_packet(fd_), *segment});
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
