#include "bench/dns/lanes.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <bit>
#include <cstring>

#include "bench/e2e/sockets.h"

namespace fairlead::bench {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kLargestQueryBytes = 512;
constexpr std::size_t kLargestReplyBytes = 4096;
constexpr std::size_t kIdBytes = 2;
constexpr int kBufferBytes = 8 << 20;

int connected_socket(const sockaddr_in& server, int type) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (connect(fd, std::bit_cast<const sockaddr*>(&server), sizeof server) != 0) die("connect");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
    return fd;
}

std::uint16_t id_of(const std::uint8_t* message) {
    return static_cast<std::uint16_t>(message[0] << 8U | message[1]);
}

class UdpLane : public Lane {
  public:
    explicit UdpLane(const sockaddr_in& server) : fd_(connected_socket(server, SOCK_DGRAM)) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            out_[i].msg_hdr.msg_iov = &out_vectors_[i];
            in_[i].msg_hdr.msg_iov = &in_vectors_[i];
            out_[i].msg_hdr.msg_iovlen = in_[i].msg_hdr.msg_iovlen = 1;
            out_vectors_[i].iov_base = queries_[i].data();
            in_vectors_[i] = {replies_[i].data(), kLargestReplyBytes};
        }
    }

    void add(std::uint16_t id, std::span<const std::uint8_t> rest) override {
        auto& query = queries_[pending_];
        query[0] = static_cast<std::uint8_t>(id >> 8U);
        query[1] = static_cast<std::uint8_t>(id);
        std::memcpy(query.data() + kIdBytes, rest.data(), rest.size());
        out_vectors_[pending_].iov_len = kIdBytes + rest.size();
        if (++pending_ == kBatch) flush();
    }
    void flush() override {
        if (pending_ > 0) sendmmsg(fd_, out_.data(), static_cast<unsigned>(pending_), 0);
        pending_ = 0;
    }
    void receive(const std::function<void(std::uint16_t, unsigned)>& visit) override {
        const int count = recvmmsg(fd_, in_.data(), kBatch, 0, nullptr);
        for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i)
            if (in_[i].msg_len >= 12) visit(id_of(replies_[i].data()), replies_[i][3] & 0xfU);
    }

  private:
    int fd_;
    std::size_t pending_ = 0;
    std::array<mmsghdr, kBatch> out_{};
    std::array<mmsghdr, kBatch> in_{};
    std::array<iovec, kBatch> out_vectors_{};
    std::array<iovec, kBatch> in_vectors_{};
    std::array<std::array<std::uint8_t, kLargestQueryBytes>, kBatch> queries_{};
    std::array<std::array<std::uint8_t, kLargestReplyBytes>, kBatch> replies_{};
};

class TcpLane : public Lane {
  public:
    explicit TcpLane(const sockaddr_in& server) : fd_(connected_socket(server, SOCK_STREAM)), in_(1 << 16) {
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    void add(std::uint16_t id, std::span<const std::uint8_t> rest) override {
        const auto size = kIdBytes + rest.size();
        for (const auto number : {size >> 8U, size, std::size_t{id} >> 8U, std::size_t{id}})
            out_.push_back(static_cast<std::uint8_t>(number));
        out_.insert(out_.end(), rest.begin(), rest.end());
    }
    void flush() override {
        if (out_.empty()) return;
        const auto sent = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (sent > 0) out_.erase(out_.begin(), out_.begin() + sent);
    }
    void receive(const std::function<void(std::uint16_t, unsigned)>& visit) override {
        const auto size = recv(fd_, in_.data() + filled_, in_.size() - filled_, 0);
        if (size == 0) die("the server closed the connection");
        if (size > 0) filled_ += static_cast<std::size_t>(size);
        std::size_t next = 0;
        while (filled_ - next >= kIdBytes) {
            const std::size_t frame = id_of(&in_[next]);
            if (filled_ - next < kIdBytes + frame) break;
            visit(id_of(&in_[next + kIdBytes]), in_[next + kIdBytes + 3] & 0xfU);
            next += kIdBytes + frame;
        }
        std::memmove(in_.data(), in_.data() + next, filled_ - next);
        filled_ -= next;
    }

  private:
    int fd_;
    std::vector<std::uint8_t> out_;
    std::vector<std::uint8_t> in_;
    std::size_t filled_ = 0;
};

}  // namespace

std::unique_ptr<Lane> udp_lane(const sockaddr_in& server) {
    return std::make_unique<UdpLane>(server);
}

std::unique_ptr<Lane> tcp_lane(const sockaddr_in& server) {
    return std::make_unique<TcpLane>(server);
}

}  // namespace fairlead::bench
