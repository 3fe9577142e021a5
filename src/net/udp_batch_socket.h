#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/listening_socket.h"

namespace fairlead::net {

/// Both ends of a UDP exchange: what a reply needs to come from the address that was asked.
struct UdpPeer {
    base::SocketAddress remote;
    base::IpAddress local;        ///< that the datagram was sent to
    std::uint32_t interface = 0;  ///< that it came in by; counts for IPv6 link-local addresses alone

    friend bool operator==(const UdpPeer&, const UdpPeer&) = default;
};

/// What happened since the socket was opened.
struct UdpCounts {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t oversize = 0;  ///< received, longer than UdpBatchSocket::kLargestDatagramBytes, thrown away
    std::uint64_t overflowed = 0;  ///< the kernel threw away since the receive buffer was full (SO_RXQ_OVFL)
    std::uint64_t not_sent = 0;    ///< no buffer, no route, not permitted, too large: replies that were lost
    std::uint64_t receive_calls = 0;
    std::uint64_t send_calls = 0;
};

/// A UDP server's socket that takes and sends up to kBatch datagrams with one system call (recvmmsg(2),
/// sendmmsg(2)) and allocates nothing after it was opened. One thread. Movable.
///
/// Bound to an unspecified address it learns of each datagram which address it was sent to (IP_PKTINFO,
/// IPV6_RECVPKTINFO), and replies come from there; bound to one address it need not.
class UdpBatchSocket {
  public:
    static constexpr std::size_t kBatch = 64;
    /// Queries of more are unheard of (RFC 6891 section 6.2.5: 4096 is a good maximum); for replies too.
    static constexpr std::size_t kLargestDatagramBytes = 4096;

    struct Datagram {
        std::span<const std::uint8_t> bytes;
        UdpPeer peer;
    };

    static base::Result<UdpBatchSocket> open(const BindOptions& options);
    UdpBatchSocket(UdpBatchSocket&&) noexcept;
    UdpBatchSocket& operator=(UdpBatchSocket&&) noexcept;
    ~UdpBatchSocket();

    /// Readable when there is something to receive.
    [[nodiscard]] int fd() const;
    /// With the port that the kernel chose where 0 was asked for.
    [[nodiscard]] const base::SocketAddress& address() const;

    /// What has come, at most kBatch; valid until the next call. Fewer than kBatch: nothing more was there.
    std::span<const Datagram> receive();

    /// Room for the next datagram to send, kLargestDatagramBytes of it; the same until commit().
    std::span<std::uint8_t> space();
    /// Puts the first `size_bytes` of space() behind what is to be sent; a full batch is sent at once.
    void commit(const UdpPeer& to, std::size_t size_bytes);
    /// Sends what was committed. What the kernel does not take at once is lost and counted: a client asks
    /// again, and a reply that waits delays others.
    void flush();

    [[nodiscard]] const UdpCounts& counts() const;

  private:
    struct State;
    explicit UdpBatchSocket(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace fairlead::net
