#include "kernel/random_state/talk.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace fairlead::test {

using base::Family;
using base::IpAddress;
using base::L4Protocol;

namespace {

/// bind(2), connect(2) and the like with an address and a port.
template <class Call>
int with_address(Call call, int fd, const IpAddress& to, std::uint16_t port) {
    if (to.family() == Family::kIpv4) {
        sockaddr_in raw{};
        raw.sin_family = AF_INET;
        raw.sin_port = htons(port);
        std::memcpy(&raw.sin_addr, to.bytes().data(), sizeof raw.sin_addr);
        return call(fd, reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
    }
    sockaddr_in6 raw{};
    raw.sin6_family = AF_INET6;
    raw.sin6_port = htons(port);
    std::memcpy(&raw.sin6_addr, to.bytes().data(), sizeof raw.sin6_addr);
    return call(fd, reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

std::string peer_text(const sockaddr_storage& peer) {
    const auto* raw = reinterpret_cast<const std::byte*>(&peer);
    if (peer.ss_family == AF_INET) return IpAddress{{raw + offsetof(sockaddr_in, sin_addr), 4}}.to_string();
    return IpAddress{{raw + offsetof(sockaddr_in6, sin6_addr), 16}}.to_string();
}

}  // namespace

Descriptor open_socket(L4Protocol protocol, const IpAddress& source, std::uint16_t port) {
    const int type = (protocol == L4Protocol::kTcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    Descriptor made{socket(source.family() == Family::kIpv4 ? AF_INET : AF_INET6, type, 0)};
    const int on = 1;
    setsockopt(made.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    EXPECT_EQ(with_address(bind, made.fd(), source, port), 0)
        << base::format_endpoint(source, port) << ": " << std::strerror(errno);
    return made;
}

int begin_listening(const Server& server) {
    constexpr int kBacklog = 64;
    return server.protocol == L4Protocol::kTcp ? listen(server.socket.fd(), kBacklog) : 0;
}

Attempt begin_attempt(const Probe& probe, std::uint16_t source_port) {
    Attempt attempt{open_socket(probe.protocol, probe.client.address, source_port), {}, {}};
    const int fd = attempt.socket.fd();
    if (with_address(connect, fd, probe.address, probe.port) != 0 && errno != EINPROGRESS) {
        attempt.done = true;
        attempt.outcome.kind = Outcome::Kind::kRefused;
    }
    // What the node's own output hook drops fails here; an ICMP error says whether it was rejected.
    if (probe.protocol == L4Protocol::kUdp) send(fd, "hello", 5, 0);
    return attempt;
}

void answer(const Server& server) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    auto* const peer_address = reinterpret_cast<sockaddr*>(&peer);
    const auto text = [&] { return server.endpoint + " " + peer_text(peer); };
    if (server.protocol == L4Protocol::kTcp) {
        const Descriptor accepted{accept4(server.socket.fd(), peer_address, &size, SOCK_CLOEXEC)};
        if (accepted.fd() >= 0) send(accepted.fd(), text().data(), text().size(), MSG_NOSIGNAL);
        return;
    }
    std::array<char, 16> buffer{};
    if (recvfrom(server.socket.fd(), buffer.data(), buffer.size(), 0, peer_address, &size) < 0) return;
    sendto(server.socket.fd(), text().data(), text().size(), 0, peer_address, size);
}

void look_at(Attempt& attempt) {
    std::array<char, 256> buffer{};
    const auto size = recv(attempt.socket.fd(), buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
    attempt.done = true;
    if (size <= 0) {
        attempt.outcome.kind = Outcome::Kind::kRefused;
        return;
    }
    const std::string text{buffer.data(), static_cast<std::size_t>(size)};
    const auto blank = text.find(' ');
    attempt.outcome = {Outcome::Kind::kAnswered, text.substr(0, blank), text.substr(blank + 1)};
}

}  // namespace fairlead::test
