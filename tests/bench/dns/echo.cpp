// usage: dns_echo ADDRESS:PORT
// Sends each datagram back as a reply (QR set) through the sockets that the DNS server has, and does nothing
// else: what any server that is built on them can reach at most.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "net/event_loop.h"
#include "net/udp_batch_socket.h"

int main(int argc, char** argv) {
    using namespace fairlead;
    const auto address = base::SocketAddress::parse(argc == 2 ? argv[1] : "");
    if (!address) {
        std::cerr << "usage: dns_echo ADDRESS:PORT\n";
        return EXIT_FAILURE;
    }
    constexpr int kReceiveBufferBytes = 4 << 20;
    constexpr std::size_t kFlagsAt = 2;
    auto socket = net::UdpBatchSocket::open({*address, false, true, kReceiveBufferBytes});
    if (!socket) {
        std::cerr << socket.error().message << '\n';
        return EXIT_FAILURE;
    }
    net::EventLoop loop;
    const auto watch = loop.watch_readable(socket->fd(), [&] {
        for (const auto& datagram : socket->receive()) {
            const auto space = socket->space();
            std::ranges::copy(datagram.bytes, space.begin());
            if (datagram.bytes.size() > kFlagsAt) space[kFlagsAt] |= 0x80U;
            socket->commit(datagram.peer, datagram.bytes.size());
        }
        socket->flush();
    });
    std::cout << "ready" << std::endl;
    loop.run();
}
