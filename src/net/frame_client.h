#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/socket_address.h"
#include "net/event_loop.h"

namespace fairlead::net {

/// How a server of frames proves who it is (RFC 7858, RFC 8310).
struct FrameTls {
    /// What its certificate must be for, and SNI. Empty: its address.
    std::string server_name;
    /// SHA-256 of the public key (SubjectPublicKeyInfo) of its certificate, 32 bytes, one of these; then
    /// neither its name nor its authority counts (RFC 7858 section 4.2). None: both do.
    std::vector<std::vector<std::uint8_t>> key_pins;
    std::string ca_pem;  ///< empty: the system's certificate authorities
};

/// A TCP or TLS connection to a server of frames that begin with their length in two bytes, made when there
/// is something to send and kept while it is of use. One event loop.
class FrameClient {
  public:
    struct Options {
        base::SocketAddress server;
        std::uint32_t interface = 0;  ///< of an IPv6 link-local address
        bool tls = false;
        FrameTls tls_options;
        base::Duration connect_timeout = std::chrono::seconds{3};  ///< with the TLS handshake
        base::Duration idle = std::chrono::seconds{10};            ///< without a frame either way
        std::size_t unsent_bytes = std::size_t{256} << 10U;        ///< more is not taken
    };
    struct Listener {
        std::function<void(std::span<const std::uint8_t> frame)> received;
        /// The connection ended: what was sent and not answered will not be. The next send() makes another.
        /// kUnavailable and no message: it was idle, or the server closed it in order.
        std::function<void(const base::Error& why)> closed;
    };

    /// kInvalid if the certificates cannot be used.
    static base::Result<std::unique_ptr<FrameClient>> make(EventLoop& loop, Options options,
                                                           Listener listener);
    ~FrameClient();
    FrameClient(const FrameClient&) = delete;
    FrameClient& operator=(const FrameClient&) = delete;

    /// Sends a frame of at most 65,535 bytes, behind those before it. kBusy: too much is unsent.
    base::Result<void> send(std::span<const std::uint8_t> frame);

    /// Connections made so far, and TLS sessions taken up again among them.
    struct Counts {
        std::uint64_t connections = 0;
        std::uint64_t resumed_sessions = 0;
    };
    [[nodiscard]] const Counts& counts() const;

  private:
    class State;
    explicit FrameClient(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace fairlead::net
