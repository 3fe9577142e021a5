#include "kernel/netlink/socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "kernel/netlink/answer_reader.h"

namespace fairlead::kernel::netlink {

namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t kReceiveBytes =
    std::size_t{1} << 18U;  // dumps come in datagrams of up to 32 KiB, errors echo requests
constexpr std::size_t kReserveSlackBytes = 4096;
constexpr int kAnswerTimeoutMs = 10'000;

Result<void> set_option(int fd, int level, int option, int value, std::string_view what) {
    if (setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
    return base::fail_errno(errno, what);
}

Result<void> reserve(int fd, int force_option, int option, std::size_t size_bytes) {
    const int value = static_cast<int>(size_bytes);
    if (setsockopt(fd, SOL_SOCKET, force_option, &value, sizeof value) == 0) return {};
    return set_option(fd, SOL_SOCKET, option, value, "netlink socket buffer");
}

}  // namespace

Result<Socket> Socket::open(int bus) {
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, bus);
    if (fd < 0) return base::fail_errno(errno, "netlink socket");
    Socket opened{fd, 0};

    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return base::fail_errno(errno, "netlink socket: bind");
    socklen_t length = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
        return base::fail_errno(errno, "netlink socket: getsockname");
    opened.port_id_ = address.nl_pid;

    FAIRLEAD_CHECK(set_option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1, "NETLINK_EXT_ACK"));
    FAIRLEAD_CHECK(set_option(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1, "NETLINK_CAP_ACK"));
    if (bus == NETLINK_ROUTE)
        FAIRLEAD_CHECK(set_option(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1, "NETLINK_GET_STRICT_CHK"));
    return opened;
}

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      port_id_(other.port_id_),
      send_bytes_(other.send_bytes_),
      next_sequence_(other.next_sequence_),
      receive_buffer_(std::move(other.receive_buffer_)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(port_id_, other.port_id_);
    std::swap(send_bytes_, other.send_bytes_);
    std::swap(next_sequence_, other.next_sequence_);
    std::swap(receive_buffer_, other.receive_buffer_);
    return *this;
}

Socket::~Socket() {
    if (fd_ >= 0) close(fd_);
}

Result<void> Socket::join(unsigned group) {
    return set_option(fd_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, static_cast<int>(group),
                      "NETLINK_ADD_MEMBERSHIP");
}

Result<void> Socket::leave(unsigned group) {
    return set_option(fd_, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, static_cast<int>(group),
                      "NETLINK_DROP_MEMBERSHIP");
}

Result<void> Socket::reserve_send_bytes(std::size_t size_bytes) {
    if (size_bytes <= send_bytes_) return {};
    FAIRLEAD_CHECK(reserve(fd_, SO_SNDBUFFORCE, SO_SNDBUF, size_bytes));
    send_bytes_ = size_bytes;
    return {};
}

Result<void> Socket::reserve_receive_bytes(std::size_t size_bytes) {
    return reserve(fd_, SO_RCVBUFFORCE, SO_RCVBUF, size_bytes);
}

Result<void> Socket::ignore_events_of(std::uint32_t port_id) {
    // The filter machine loads words in network order; nlmsg_pid is in host order.
    std::array<sock_filter, 4> program = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port_id), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    }};
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0) return {};
    return base::fail_errno(errno, "SO_ATTACH_FILTER");
}

Result<void> Socket::send(std::span<const std::byte> messages) {
    FAIRLEAD_CHECK(reserve_send_bytes(messages.size() + kReserveSlackBytes));
    for (;;) {
        const ssize_t sent = ::send(fd_, messages.data(), messages.size(), 0);
        if (sent >= 0) return {};
        if (errno != EINTR) return base::fail_errno(errno, "netlink send");
    }
}

std::uint32_t Socket::take_sequences(std::uint32_t count) {
    const std::uint32_t first = next_sequence_;
    next_sequence_ += count;
    return first;
}

Result<std::span<const std::byte>> Socket::receive() {
    if (receive_buffer_.empty()) receive_buffer_.resize(kReceiveBytes);
    for (;;) {
        sockaddr_nl sender{};
        socklen_t sender_size = sizeof sender;
        const ssize_t size = recvfrom(fd_, receive_buffer_.data(), receive_buffer_.size(), MSG_TRUNC,
                                      reinterpret_cast<sockaddr*>(&sender), &sender_size);
        if (size < 0 && errno == EAGAIN) return std::span<const std::byte>{};
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return base::fail_errno(errno, "netlink receive");
        // Other programs can write to this socket too; an empty datagram would look like none.
        if (sender.nl_pid != 0 || size == 0) continue;
        if (static_cast<std::size_t>(size) > receive_buffer_.size())
            return base::fail(ErrorCode::kInternal,
                              "netlink receive: a datagram of " + std::to_string(size) + " bytes");
        return std::span<const std::byte>{receive_buffer_.data(), static_cast<std::size_t>(size)};
    }
}

Result<void> Socket::wait_readable() const {
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = poll(&waiting, 1, kAnswerTimeoutMs);
    if (ready == 0) return base::fail(ErrorCode::kUnavailable, "netlink: no answer");
    if (ready < 0 && errno != EINTR) return base::fail_errno(errno, "netlink poll");
    return {};
}

Result<void> Socket::converse(std::span<const std::byte> request,
                              const std::function<void(const Message&)>& visit) {
    FAIRLEAD_TRY(const bool undisturbed, dump(request, visit));
    if (!undisturbed) return base::fail(ErrorCode::kBusy, "netlink dump: changed meanwhile", EINTR);
    return {};
}

Result<bool> Socket::dump(std::span<const std::byte> request,
                          const std::function<void(const Message&)>& visit) {
    FAIRLEAD_TRY(const auto end, dump_while(request, [&](const Message& message) {
                     visit(message);
                     return true;
                 }));
    return end == DumpEnd::kWhole;
}

Result<Socket::DumpEnd> Socket::dump_while(std::span<const std::byte> request,
                                           const std::function<bool(const Message&)>& visit) {
    FAIRLEAD_ASSERT(request.size() >= sizeof(nlmsghdr));
    const std::uint32_t sequence = take_sequences(1);
    std::vector<std::byte> numbered(request.begin(), request.end());
    std::memcpy(numbered.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    FAIRLEAD_CHECK(send(numbered));

    bool goes_on = true;
    const auto visit_until_enough = [&](const Message& message) { goes_on = goes_on && visit(message); };
    AnswerReader answer{sequence};
    for (;;) {
        FAIRLEAD_TRY(const auto datagram, receive_for(answer));
        FAIRLEAD_TRY(const bool complete, answer.take(datagram, visit_until_enough));
        if (!goes_on) return DumpEnd::kStopped;
        if (complete) return answer.interrupted() ? DumpEnd::kDisturbed : DumpEnd::kWhole;
        if (datagram.empty()) FAIRLEAD_CHECK(wait_readable());
    }
}

Result<std::span<const std::byte>> Socket::receive_for(AnswerReader& answer) {
    for (;;) {
        auto datagram = receive();
        if (datagram || datagram.error().errno_value != ENOBUFS) return datagram;
        // Read on to the end, or the next dump on this socket would be refused.
        answer.note_loss();
    }
}

}  // namespace fairlead::kernel::netlink
