#include "lab/workload.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>

#include "base/address.h"
#include "base/log.h"

namespace fairlead::lab {

namespace {

using base::L4Protocol;
using base::Result;

constexpr int kBacklog = 1024;
constexpr std::size_t kMostConnections = 4096;
/// A peer that sends faster than it reads is cut off.
constexpr std::size_t kMostBufferedBytes = std::size_t{4} << 20U;

/// "10.64.2.9:51234"; IPv4 peers come mapped into IPv6 on our sockets.
std::string text_of(const sockaddr_in6& peer) {
    const auto bytes = std::as_bytes(std::span{peer.sin6_addr.s6_addr});
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr);
    constexpr std::size_t kMappedPrefixBytes = 12;
    const base::IpAddress address{mapped ? bytes.subspan(kMappedPrefixBytes) : bytes};
    return base::format_endpoint(address, ntohs(peer.sin6_port));
}

/// Keeps the address that the question came to (IPV6_PKTINFO, ipv6(7)) as that of the answer, and lets
/// routing choose the device.
void answer_from_any_device(msghdr& message) {
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_level != IPPROTO_IPV6 || header->cmsg_type != IPV6_PKTINFO) return;
    in6_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(header), sizeof info);
    if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

/// A socket of both families that is bound, and listens unless it is UDP.
Result<int> open_port(const kube::ContainerPort& port) {
    const auto what = std::string(base::name_of(port.protocol)) + " port " + std::to_string(port.port);
    const bool udp = port.protocol == L4Protocol::kUdp;
    const int type = (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const int fd = socket(AF_INET6, type, static_cast<int>(port.protocol));
    if (fd < 0) return base::fail_errno(errno, what);
    const int on = 1;
    const int off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    // A UDP answer must come from the address that was asked; a Pod of the node's network has many.
    if (udp) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port.port);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 &&
        (udp || listen(fd, kBacklog) == 0))
        return fd;
    const int failure = errno;
    close(fd);
    return base::fail_errno(failure, what);
}

/// One connection: what came and what is still to be sent.
struct Connection {
    std::string peer;
    std::string received;
    std::string unsent;
    bool echoing = false;
    bool closing = false;
};

class Workload {
  public:
    explicit Workload(std::string identity)
        : identity_(std::move(identity)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
    ~Workload() { close(epoll_); }
    Workload(const Workload&) = delete;
    Workload& operator=(const Workload&) = delete;

    void add(int fd, L4Protocol protocol) {
        ports_.emplace(fd, protocol);
        watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 64> events{};
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i)
                on_event(events[static_cast<std::size_t>(i)].data.fd);
        }
    }

  private:
    void watch(int fd, std::uint32_t what, int operation) const {
        epoll_event event{};
        event.events = what;
        event.data.fd = fd;
        epoll_ctl(epoll_, operation, fd, &event);
    }

    void on_event(int fd) {
        const auto port = ports_.find(fd);
        if (port == ports_.end()) return serve(fd);
        port->second == L4Protocol::kUdp ? answer_datagrams(fd) : accept_all(fd);
    }

    [[nodiscard]] std::string line_for(const std::string& peer) const {
        return identity_ + " answered " + peer + "\n";
    }

    void answer_datagrams(int fd) const {
        std::array<char, 65536> datagram{};
        for (;;) {
            sockaddr_in6 peer{};
            alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
            iovec part{datagram.data(), datagram.size()};
            msghdr message{};
            message.msg_name = &peer;
            message.msg_namelen = sizeof peer;
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            const auto size = recvmsg(fd, &message, 0);
            if (size < 0) return;
            auto answer = line_for(text_of(peer));
            answer.append(datagram.data(), static_cast<std::size_t>(size));
            part = {answer.data(), answer.size()};
            answer_from_any_device(message);
            sendmsg(fd, &message, 0);
        }
    }

    void accept_all(int fd) {
        for (;;) {
            sockaddr_in6 peer{};
            socklen_t length = sizeof peer;
            const int accepted =
                accept4(fd, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (accepted < 0) return;
            if (connections_.size() >= kMostConnections) {
                close(accepted);
                continue;
            }
            connections_[accepted].peer = text_of(peer);
            watch(accepted, EPOLLIN, EPOLL_CTL_ADD);
        }
    }

    void serve(int fd) {
        const auto found = connections_.find(fd);
        if (found == connections_.end()) return;
        auto& connection = found->second;
        std::array<char, 16384> chunk{};
        for (;;) {
            const auto size = recv(fd, chunk.data(), chunk.size(), 0);
            if (size < 0 && errno == EAGAIN) break;
            if (size <= 0 || connection.unsent.size() + connection.received.size() > kMostBufferedBytes) {
                // The peer has sent all it will; what it still waits for goes out first.
                connection.closing = true;
                if (size < 0) return drop(fd);
                break;
            }
            connection.received.append(chunk.data(), static_cast<std::size_t>(size));
        }
        answer(connection);
        flush(fd, connection);
    }

    void answer(Connection& connection) const {
        while (!connection.received.empty()) {
            const auto request = connection.echoing
                                     ? HttpRequest{HttpRequest::Kind::kNotHttp, 0, false, false}
                                     : parse_http_request(connection.received);
            if (request.kind == HttpRequest::Kind::kIncomplete) return;
            if (request.kind == HttpRequest::Kind::kNotHttp) return echo(connection);
            connection.received.erase(0, request.size_bytes);
            const auto body = line_for(connection.peer);
            connection.unsent += "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                                 std::to_string(body.size()) +
                                 (request.keep_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n") +
                                 (request.head ? "" : body);
            if (!request.keep_alive) connection.closing = true;
        }
    }

    void echo(Connection& connection) const {
        if (!std::exchange(connection.echoing, true)) connection.unsent += line_for(connection.peer);
        connection.unsent += std::exchange(connection.received, {});
    }

    void flush(int fd, Connection& connection) {
        while (!connection.unsent.empty()) {
            const auto sent = send(fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN) return drop(fd);
            if (sent < 0) return watch(fd, connection.closing ? EPOLLOUT : EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            connection.unsent.erase(0, static_cast<std::size_t>(sent));
        }
        if (connection.closing) return drop(fd);
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
    }

    void drop(int fd) {
        connections_.erase(fd);
        close(fd);
    }

    std::string identity_;
    int epoll_;
    std::map<int, L4Protocol> ports_;
    std::map<int, Connection> connections_;
};

}  // namespace

base::Error run_workload(const WorkloadOptions& options) {
    std::signal(SIGPIPE, SIG_IGN);
    Workload workload{options.identity};
    for (const auto& port : options.ports) {
        const auto fd = open_port(port);
        if (fd) {
            workload.add(*fd, port.protocol);
            continue;
        }
        // Many kernels are built without SCTP; the other ports are worth having.
        if (port.protocol != L4Protocol::kSctp) return fd.error();
        base::log_warning("port is not served", {{"error", fd.error().message}});
    }
    if (!options.ready_file.empty()) {
        const int ready = open(options.ready_file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (ready < 0) return base::fail_errno(errno, options.ready_file).error();
        close(ready);
    }
    workload.run();
}

}  // namespace fairlead::lab
