#pragma once

#include "base/result.h"
#include "net/tcp_segment.h"

namespace fairlead::net {

/// Sends packets that begin with their IP header, as they are, whoever's the source address is (raw(7): the
/// kernel fills in nothing but the IPv4 identification), from the network namespace in which it was opened.
class RawSocket {
  public:
    /// kDenied without CAP_NET_RAW.
    static base::Result<RawSocket> open(base::Family family);
    RawSocket(RawSocket&& other) noexcept;
    RawSocket& operator=(RawSocket&& other) noexcept;
    ~RawSocket();

    /// Does not wait: kBusy if the packet finds no room. The segment is of the socket's family.
    base::Result<void> send(const TcpSegment& segment);

  private:
    explicit RawSocket(int fd) : fd_(fd) {}

    int fd_;
};

}  // namespace fairlead::net
