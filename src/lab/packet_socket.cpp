#include "lab/packet_socket.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "kernel/netns/namespaces.h"

namespace fairlead::lab {

namespace {

using base::Result;

constexpr const char* kDevice = "eth0";

Result<net::Descriptor> open_here() {
    constexpr int kBufferBytes = 16 << 20;
    net::Descriptor socket{::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL))};
    if (socket.get() < 0) return base::fail_errno(errno, "packet socket");
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = static_cast<int>(if_nametoindex(kDevice));
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) return socket;
    return base::fail_errno(errno, std::string("packet socket on ") + kDevice);
}

}  // namespace

Result<net::Descriptor> open_packet_socket(std::string_view netns) {
    return kernel::netns::run_in(netns, open_here);
}

}  // namespace fairlead::lab
