#include "lab/packet_tap.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "kernel/netns/namespaces.h"

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

Result<void> send_here(const TcpSegment& segment) {
    const bool ipv4 = segment.destination.address.family() == base::Family::kIpv4;
    const auto packet = encode_segment(segment);
    const int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (fd < 0) return base::fail_errno(errno, "raw socket");
    const auto bytes = segment.destination.address.bytes();
    sockaddr_in to4{};
    to4.sin_family = AF_INET;
    sockaddr_in6 to6{};
    to6.sin6_family = AF_INET6;
    std::memcpy(ipv4 ? static_cast<void*>(&to4.sin_addr) : static_cast<void*>(&to6.sin6_addr), bytes.data(),
                bytes.size());
    const auto* to = ipv4 ? reinterpret_cast<const sockaddr*>(&to4) : reinterpret_cast<const sockaddr*>(&to6);
    const auto sent = sendto(fd, packet.data(), packet.size(), 0, to, ipv4 ? sizeof to4 : sizeof to6);
    const int failure = errno;
    close(fd);
    if (sent < 0) return base::fail_errno(failure, "sending a packet to " + segment.destination.to_string());
    return {};
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
        const auto segment = decode_segment({packet.data(), static_cast<std::size_t>(size)});
        if (segment)
            seen_.push_back({from.sll_pkttype == PACKET_OUTGOING, time_of_last_packet(fd_), *segment});
    }
}

void PacketTap::clear() {
    seen();
    seen_.clear();
}

Result<void> send_packet(std::string_view netns, const TcpSegment& segment) {
    return kernel::netns::run_in(netns, [&] { return send_here(segment); });
}

}  // namespace fairlead::lab
