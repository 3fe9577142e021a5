#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "kernel/netlink/attributes.h"

namespace fairlead::kernel::netlink {

class AnswerReader;

/// A netlink socket of the network namespace in which it was opened. Non-blocking; extended acks are on.
/// One thread at a time. Movable.
class Socket {
  public:
    /// `bus` is NETLINK_NETFILTER or NETLINK_ROUTE. kDenied without CAP_NET_ADMIN for what needs it is told
    /// on use.
    static base::Result<Socket> open(int bus);

    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;
    ~Socket();

    [[nodiscard]] int fd() const { return fd_; }
    /// What the kernel knows this socket by (nlmsg_pid of events that it caused).
    [[nodiscard]] std::uint32_t port_id() const { return port_id_; }

    /// Becomes a member of a multicast group, by number.
    base::Result<void> join(unsigned group);
    /// Is no member any longer.
    base::Result<void> leave(unsigned group);
    /// Kernel buffer sizes; above the system's limits where the process may (SO_SNDBUFFORCE, SO_RCVBUFFORCE).
    base::Result<void> reserve_send_bytes(std::size_t size_bytes);
    base::Result<void> reserve_receive_bytes(std::size_t size_bytes);
    /// Makes room for datagrams of up to so many bytes only, before the first is received; 256 KiB otherwise.
    /// The kernel goes by it when it makes those of a dump (32 KiB at most, 4 KiB at least).
    void receive_at_most(std::size_t datagram_bytes) { receive_buffer_.resize(datagram_bytes); }
    /// Drops, in the kernel, the datagrams whose first message was caused by `port_id`.
    base::Result<void> ignore_events_of(std::uint32_t port_id);

    /// Sequence numbers for `count` messages that nobody else on this socket uses; the first of them.
    std::uint32_t take_sequences(std::uint32_t count);
    /// Sends all of `messages` as one datagram, which the kernel has worked off when this returns.
    base::Result<void> send(std::span<const std::byte> messages);
    /// The next datagram from the kernel, valid until the next call. An empty one when there is none. kBusy
    /// (ENOBUFS): some were lost.
    base::Result<std::span<const std::byte>> receive();

    /// Sends one request with NLM_F_DUMP or NLM_F_ACK, under a sequence number of its own, and calls `visit`
    /// for each message of the answer, up to its end. Errors: see AnswerReader; kBusy (EINTR) when
    /// something changed during a dump: what was visited is void, ask again; kUnavailable when no answer
    /// comes for ten seconds.
    base::Result<void> converse(std::span<const std::byte> request,
                                const std::function<void(const Message&)>& visit);
    /// The same for who knows better what may change during a dump: false, not an error, if the answer is
    /// whole but something changed meanwhile (NLM_F_DUMP_INTR). kBusy only if some of it was lost.
    base::Result<bool> dump(std::span<const std::byte> request,
                            const std::function<void(const Message&)>& visit);
    /// How a dump_while ended.
    enum class DumpEnd { kWhole, kDisturbed, kStopped };
    /// The same until `visit` says that it has enough. After kStopped the kernel is not through with its
    /// answer, and the socket is good for nothing but to be closed.
    base::Result<DumpEnd> dump_while(std::span<const std::byte> request,
                                     const std::function<bool(const Message&)>& visit);

  private:
    Socket(int fd, std::uint32_t port_id) : fd_(fd), port_id_(port_id) {}

    base::Result<void> wait_readable() const;
    /// As receive(), but losses are for `answer` to know.
    base::Result<std::span<const std::byte>> receive_for(AnswerReader& answer);

    int fd_ = -1;
    std::uint32_t port_id_ = 0;
    std::size_t send_bytes_ = 0;
    std::uint32_t next_sequence_ = 1;
    std::vector<std::byte> receive_buffer_;
};

}  // namespace fairlead::kernel::netlink
