#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/event_loop.h"
#include "net/listening_socket.h"

namespace fairlead::net {

/// What one server may be made to keep, whoever asks and however slowly (RFC 7766 section 6.2).
struct FrameLimits {
    std::size_t connections = 1024;
    std::size_t connections_per_client = 64;
    std::size_t largest_frame_bytes = 4096;  ///< of what clients send
    std::size_t unanswered_frames = 128;     ///< a connection is not read on while it has more
    std::size_t unsent_bytes = std::size_t{128}
                               << 10U;  ///< nor while more is unsent; at 4 times that it is closed
    base::Duration idle = std::chrono::seconds{10};       ///< without a frame or an answer
    base::Duration slow_frame = std::chrono::seconds{3};  ///< from its first byte to its last
    base::Duration slow_write = std::chrono::seconds{5};  ///< in which the client takes nothing
};

struct FrameCounts {
    std::uint64_t connections = 0;  ///< accepted
    std::uint64_t frames = 0;       ///< received
    std::uint64_t answers = 0;      ///< sent
    std::uint64_t refused = 0;      ///< connections closed at once: the client has too many
    std::uint64_t displaced = 0;    ///< idle connections closed for new ones
    std::uint64_t timed_out = 0;    ///< idle, or slow
    std::uint64_t broken = 0;       ///< a frame too large, an answer that nobody takes
};

/// A TCP server of frames that begin with their length in two bytes (RFC 1035 section 4.2.2). Many frames may
/// be under way on one connection, and their answers go out in the order in which they are given (RFC 7766
/// section 6.2.1.1). All on one event loop.
class FrameServer {
  public:
    using ConnectionId = std::uint64_t;
    struct Client {
        ConnectionId connection = 0;
        base::SocketAddress remote;
        base::IpAddress local;  ///< that it asked
    };
    /// Given a frame without its length; valid until it returns. True if there will be an answer.
    using Handler = std::function<bool(const Client&, std::span<const std::uint8_t> frame)>;

    /// Listens from now on. The error names the address.
    static base::Result<std::unique_ptr<FrameServer>> listen(EventLoop& loop, const BindOptions& options,
                                                             const FrameLimits& limits, Handler handler);
    ~FrameServer();
    FrameServer(const FrameServer&) = delete;
    FrameServer& operator=(const FrameServer&) = delete;

    /// Sends an answer of at most 65,535 bytes; nothing happens if the connection is gone. May be called by
    /// the handler.
    void answer(ConnectionId connection, std::span<const std::uint8_t> frame);

    /// Accepts nobody any more and closes each connection once its frames are answered.
    void drain();
    [[nodiscard]] std::size_t open_connections() const;
    [[nodiscard]] const FrameCounts& counts() const;
    [[nodiscard]] const base::SocketAddress& address() const;

  private:
    class State;
    explicit FrameServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace fairlead::net
