#include "lab/client_connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "kernel/netns/namespaces.h"
#include "lab/plot.h"

namespace fairlead::lab {

namespace {

using base::Result;

constexpr int kAnswerPatienceMs = 2000;

/// A file descriptor until somebody takes it.
class Owned {
  public:
    explicit Owned(int fd) : fd_(fd) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    int take() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

void set_patience(int fd) {
    const timeval patience{kAnswerPatienceMs / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

bool connect_to(int fd, const base::SocketAddress& target) {
    const auto bytes = target.address.bytes();
    sockaddr_in to4{};
    sockaddr_in6 to6{};
    if (target.address.family() == base::Family::kIpv4) {
        to4.sin_family = AF_INET;
        to4.sin_port = htons(target.port);
        std::memcpy(&to4.sin_addr, bytes.data(), bytes.size());
        return connect(fd, reinterpret_cast<const sockaddr*>(&to4), sizeof to4) == 0;
    }
    to6.sin6_family = AF_INET6;
    to6.sin6_port = htons(target.port);
    std::memcpy(&to6.sin6_addr, bytes.data(), bytes.size());
    return connect(fd, reinterpret_cast<const sockaddr*>(&to6), sizeof to6) == 0;
}

base::SocketAddress local_address(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    if (address.ss_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof ipv4);
        return {base::IpAddress{std::as_bytes(std::span{&ipv4.sin_addr, 1})}, ntohs(ipv4.sin_port)};
    }
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof ipv6);
    return {base::IpAddress{std::as_bytes(std::span{&ipv6.sin6_addr, 1})}, ntohs(ipv6.sin6_port)};
}

int accept_from(int listener) {
    pollfd waiting{listener, POLLIN, 0};
    if (poll(&waiting, 1, kAnswerPatienceMs) != 1) return -1;
    return accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
}

std::string kibibytes(std::size_t bytes) {
    constexpr std::size_t kKibibyte = 1024;
    return format_count(bytes / kKibibyte);
}

}  // namespace

std::string describe(const Transfer& transfer) {
    if (transfer.end == Transfer::End::kNoConnection) return "no connection";
    if (transfer.end == Transfer::End::kComplete)
        return fmt::format("complete, {} KiB", kibibytes(transfer.wanted_bytes));
    return fmt::format("{} after {} of {} KiB", transfer.end == Transfer::End::kReset ? "reset" : "silence",
                       kibibytes(transfer.received_bytes), kibibytes(transfer.wanted_bytes));
}

Result<ClientConnection> ClientConnection::open(const ConntrackStage& stage, base::Family family) {
    const auto target = stage.service(family);
    FAIRLEAD_TRY(const int socket_fd, kernel::netns::run_in(stage.client_netns(), [&]() -> Result<int> {
                     const int domain = family == base::Family::kIpv4 ? AF_INET : AF_INET6;
                     const int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
                     if (fd < 0) return base::fail_errno(errno, "socket");
                     return fd;
                 }));
    Owned client{socket_fd};
    set_patience(client.get());
    if (!connect_to(client.get(), target))
        return base::fail(base::ErrorCode::kUnavailable,
                          "connect to " + target.to_string() + ": " + std::strerror(errno), errno);
    Owned server{accept_from(stage.listener())};
    if (server.get() < 0) return base::fail(base::ErrorCode::kUnavailable, "the server accepted nobody");
    set_patience(server.get());
    const auto address = local_address(client.get());
    return ClientConnection{client.take(), server.take(), address};
}

ClientConnection::ClientConnection(ClientConnection&& other) noexcept
    : client_fd_(std::exchange(other.client_fd_, -1)),
      server_fd_(std::exchange(other.server_fd_, -1)),
      client_(other.client_) {}

ClientConnection::~ClientConnection() {
    if (client_fd_ >= 0) close(client_fd_);
    if (server_fd_ >= 0) close(server_fd_);
}

void ClientConnection::ask(std::size_t bytes, Transfer& transfer) {
    constexpr char kQuestion = '?';
    if (send(client_fd_, &kQuestion, 1, MSG_NOSIGNAL) != 1) {
        transfer.end = errno == EAGAIN ? Transfer::End::kSilence : Transfer::End::kReset;
        return;
    }
    char question = 0;
    if (recv(server_fd_, &question, 1, 0) == 1)
        send_unasked(bytes, transfer);
    else {
        transfer.server_was_reset = errno == ECONNRESET;
        receive(bytes, transfer);
    }
}

Result<void> ClientConnection::close_clients_half() {
    if (shutdown(client_fd_, SHUT_WR) != 0) return base::fail_errno(errno, "shutdown");
    char nothing = 0;
    if (recv(server_fd_, &nothing, 1, 0) != 0)
        return base::fail(base::ErrorCode::kInternal, "the server saw no end of the client's questions");
    return {};
}

void ClientConnection::send_unasked(std::size_t bytes, Transfer& transfer) {
    FAIRLEAD_ASSERT(bytes <= kMostChunkBytes);
    const std::vector<std::byte> answer(bytes);
    send(server_fd_, answer.data(), answer.size(), MSG_NOSIGNAL);
    receive(bytes, transfer);
    // A reset in a connection whose other half is closed is EPIPE.
    int failure = 0;
    socklen_t size = sizeof failure;
    getsockopt(server_fd_, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure == ECONNRESET || failure == EPIPE) transfer.server_was_reset = true;
}

void ClientConnection::receive(std::size_t bytes, Transfer& transfer) const {
    std::array<std::byte, kMostChunkBytes> buffer{};
    while (bytes > 0) {
        const auto size = recv(client_fd_, buffer.data(), std::min(bytes, buffer.size()), 0);
        if (size > 0) {
            transfer.received_bytes += static_cast<std::size_t>(size);
            bytes -= static_cast<std::size_t>(size);
            continue;
        }
        transfer.end = size < 0 && errno == EAGAIN ? Transfer::End::kSilence : Transfer::End::kReset;
        return;
    }
}

}  // namespace fairlead::lab
