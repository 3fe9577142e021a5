#pragma once

#include <cstdint>
#include <vector>

#include "net/frame_server.h"
#include "net/udp_batch_socket.h"

namespace fairlead::dns_server {

/// A client that waits for a reply, and the way to it.
struct PendingClient {
    std::uint64_t token = 0;
    bool over_tcp = false;
    std::size_t socket = 0;  ///< index of the listener that it came by
    net::UdpPeer peer;       ///< over UDP
    net::FrameServer::ConnectionId connection = 0;
};

/// Those of one worker, in a ring: when it is full the oldest, who has given up long ago, is forgotten. So a
/// reply that never comes costs nothing.
class PendingClients {
  public:
    explicit PendingClients(std::size_t capacity) : ring_(capacity) {}

    /// What the next client to hold is called.
    [[nodiscard]] std::uint64_t next_token() const { return next_; }
    /// Holds the client that next_token() was given to.
    void hold(PendingClient client) {
        auto& slot = ring_[next_ % ring_.size()];
        if (slot.token == 0) ++size_;
        slot = client;
        slot.token = next_++;
    }
    /// Nothing if it was forgotten, or has its reply. Valid until the next hold().
    const PendingClient* take(std::uint64_t token) {
        auto& slot = ring_[token % ring_.size()];
        if (token == 0 || slot.token != token) return nullptr;
        slot.token = 0;
        --size_;
        return &slot;
    }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    std::vector<PendingClient> ring_;
    std::uint64_t next_ = 1;
    std::size_t size_ = 0;
};

}  // namespace fairlead::dns_server
