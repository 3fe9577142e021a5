#include "net/udp_batch_socket.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/native_address.h"

namespace fairlead::net {

namespace {

using base::Family;
using base::Result;

// Room for the address that was asked and the count of what was lost.
constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint32_t));

struct alignas(cmsghdr) Control {
    std::array<char, kControlBytes> bytes;
};

bool is_unspecified(const base::IpAddress& address) {
    return std::ranges::all_of(address.bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

template <class Value>
Value value_of(const cmsghdr* header) {
    Value value{};
    std::memcpy(&value, CMSG_DATA(header), sizeof value);
    return value;
}

/// Takes in what the kernel says beside a datagram.
void read_control(msghdr& message, UdpPeer& peer, std::uint64_t& overflowed) {
    for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
            const auto info = value_of<in_pktinfo>(header);
            peer.local = ip_address_of(info.ipi_addr);
            peer.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
        } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
            const auto info = value_of<in6_pktinfo>(header);
            peer.local = ip_address_of(info.ipi6_addr);
            peer.interface = info.ipi6_ifindex;
        } else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL) {
            overflowed = value_of<std::uint32_t>(header);
        }
    }
}

template <class Info>
void put_control(msghdr& message, Control& control, int level, int type, const Info& info) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof info);
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

/// Says which address a datagram shall come from.
void write_source(msghdr& message, Control& control, const UdpPeer& peer) {
    if (peer.local.family() == Family::kIpv4) {
        in_pktinfo info{};
        info.ipi_spec_dst = native_ipv4(peer.local);
        put_control(message, control, IPPROTO_IP, IP_PKTINFO, info);
        return;
    }
    in6_pktinfo info{};
    info.ipi6_addr = native_ipv6(peer.local);
    if (is_link_local(peer.local)) info.ipi6_ifindex = peer.interface;
    put_control(message, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

}  // namespace

struct UdpBatchSocket::State {
    /// A cache line longer than a power of two: the heads of all buffers shall not share one set of the
    /// cache.
    struct Buffer {
        static constexpr std::size_t kCacheLineBytes = 64;
        std::array<std::uint8_t, kLargestDatagramBytes + kCacheLineBytes> bytes{};

        std::span<std::uint8_t> datagram() { return std::span{bytes}.first(kLargestDatagramBytes); }
    };

    /// One direction: messages that point at addresses, buffers and control data of their own.
    struct Batch {
        std::array<mmsghdr, kBatch> messages{};
        std::array<iovec, kBatch> vectors{};
        std::array<NativeAddress, kBatch> addresses{};
        std::array<Control, kBatch> controls{};
        std::array<Buffer, kBatch> buffers{};

        Batch() {
            for (std::size_t i = 0; i < kBatch; ++i) {
                vectors[i].iov_base = buffers[i].bytes.data();
                messages[i].msg_hdr.msg_iov = &vectors[i];
                messages[i].msg_hdr.msg_iovlen = 1;
            }
        }
    };

    Descriptor socket;
    base::SocketAddress address;
    bool wildcard = false;
    UdpCounts counts;
    Batch in;
    Batch out;
    std::array<Datagram, kBatch> received;
    std::size_t handed_out = kBatch;  // headers at the front that are to be prepared anew
    std::size_t pending = 0;
    std::uint32_t last_overflow = 0;  // the kernel's count, which wraps around

    /// The kernel writes over the headers of what it hands out.
    void prepare_receive(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            auto& header = in.messages[i].msg_hdr;
            in.vectors[i].iov_len = kLargestDatagramBytes;
            header.msg_name = &in.addresses[i].storage;
            header.msg_namelen = sizeof in.addresses[i].storage;
            header.msg_control = in.controls[i].bytes.data();
            header.msg_controllen = kControlBytes;
            header.msg_flags = 0;
        }
    }

    /// False for what nobody could answer.
    bool take(std::size_t index, Datagram& datagram) {
        auto& message = in.messages[index];
        datagram.peer.local = address.address;
        std::uint64_t overflow = last_overflow;
        read_control(message.msg_hdr, datagram.peer, overflow);
        counts.overflowed += static_cast<std::uint32_t>(overflow) - last_overflow;
        last_overflow = static_cast<std::uint32_t>(overflow);
        if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            ++counts.oversize;
            return false;
        }
        const auto remote = socket_address_of(in.addresses[index].storage);
        if (!remote) return false;
        datagram.peer.remote = *remote;
        datagram.bytes = in.buffers[index].datagram().first(message.msg_len);
        return true;
    }
};

UdpBatchSocket::UdpBatchSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
UdpBatchSocket::UdpBatchSocket(UdpBatchSocket&&) noexcept = default;
UdpBatchSocket& UdpBatchSocket::operator=(UdpBatchSocket&&) noexcept = default;
UdpBatchSocket::~UdpBatchSocket() = default;

Result<UdpBatchSocket> UdpBatchSocket::open(const BindOptions& options) {
    auto state = std::make_unique<State>();
    FAIRLEAD_TRY(state->socket, bind_udp(options));
    const int fd = state->socket.get();
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);  // only a count
    state->address = bound_address(fd).value_or(options.address);
    state->wildcard = is_unspecified(options.address.address);
    const bool ipv4 = options.address.address.family() == Family::kIpv4;
    if (state->wildcard && setsockopt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6,
                                      ipv4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &on, sizeof on) != 0)
        return base::fail_errno(errno, "packet information at UDP " + options.address.to_string());
    return UdpBatchSocket{std::move(state)};
}

int UdpBatchSocket::fd() const {
    return state_->socket.get();
}

const base::SocketAddress& UdpBatchSocket::address() const {
    return state_->address;
}

const UdpCounts& UdpBatchSocket::counts() const {
    return state_->counts;
}

std::span<const UdpBatchSocket::Datagram> UdpBatchSocket::receive() {
    auto& state = *state_;
    state.prepare_receive(std::exchange(state.handed_out, 0));
    ++state.counts.receive_calls;
    // Whatever the error is, the next call may do better: readiness is level-triggered.
    const int count = recvmmsg(fd(), state.in.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    std::size_t kept = 0;
    if (count > 0) state.handed_out = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < state.handed_out; ++i)
        if (state.take(i, state.received[kept])) ++kept;
    state.counts.received += kept;
    return std::span{state.received}.first(kept);
}

std::span<std::uint8_t> UdpBatchSocket::space() {
    return state_->out.buffers[state_->pending].datagram();
}

void UdpBatchSocket::commit(const UdpPeer& to, std::size_t size_bytes) {
    auto& state = *state_;
    const auto index = state.pending;
    state.out.vectors[index].iov_len = std::min(size_bytes, kLargestDatagramBytes);
    state.out.addresses[index] = NativeAddress{to.remote, to.interface};
    auto& header = state.out.messages[index].msg_hdr;
    header.msg_name = &state.out.addresses[index].storage;
    header.msg_namelen = state.out.addresses[index].size_bytes;
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    if (state.wildcard) write_source(header, state.out.controls[index], to);
    if (++state.pending == kBatch) flush();
}

void UdpBatchSocket::flush() {
    auto& state = *state_;
    std::size_t next = 0;
    while (next < state.pending) {
        ++state.counts.send_calls;
        const int sent = sendmmsg(fd(), &state.out.messages[next],
                                  static_cast<unsigned>(state.pending - next), MSG_DONTWAIT);
        if (sent > 0) {
            next += static_cast<std::size_t>(sent);
            state.counts.sent += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            state.counts.not_sent += state.pending - next;
            break;
        } else if (errno != EINTR) {
            // The first of the rest is what failed; the others may go elsewhere.
            ++next;
            ++state.counts.not_sent;
        }
    }
    state.pending = 0;
}

}  // namespace fairlead::net
