#include "lab/dns_tap.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "lab/packet_socket.h"

namespace fairlead::lab {

namespace {

using base::Result;

/// Packets that the kernel threw away since it was asked last (PACKET_STATISTICS of packet(7)).
Result<std::uint32_t> take_drops(int socket) {
    tpacket_stats stats{};
    socklen_t size = sizeof stats;
    if (getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, &stats, &size) != 0)
        return base::fail_errno(errno, "PACKET_STATISTICS");
    return stats.tp_drops;
}

}  // namespace

Result<DnsTap> DnsTap::open(std::string_view netns) {
    FAIRLEAD_TRY(auto socket, open_packet_socket(netns));
    return DnsTap{std::move(socket)};
}

Result<std::vector<DnsPacket>> DnsTap::take() {
    constexpr std::size_t kHeadersBytes = 128;
    std::array<std::byte, kHeadersBytes> headers{};
    std::vector<DnsPacket> packets;
    for (;;) {
        const auto size = recv(socket_.get(), headers.data(), headers.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) break;
        if (const auto packet = decode_dns_packet({headers.data(), static_cast<std::size_t>(size)}))
            packets.push_back(*packet);
    }
    FAIRLEAD_TRY(const auto drops, take_drops(socket_.get()));
    if (drops == 0) return packets;
    return base::fail(base::ErrorCode::kUnavailable,
                      std::to_string(drops) + " packets passed uncounted: this machine is too slow");
}

}  // namespace fairlead::lab
