#pragma once

#include <absl/container/flat_hash_map.h>

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/dns_config.h"
#include "dns_server/query_handler.h"
#include "net/frame_client.h"
#include "net/query_sockets.h"

namespace fairlead::dns_server {

/// Carries questions of one worker to upstreams, and their replies back: each over UDP from a socket of its
/// own, over TCP and TLS on one connection to each upstream.
class UpstreamLinks {
  public:
    struct Listener {
        std::function<void(dns::ExchangeId exchange, Bytes packet)> received;
        std::function<void(dns::ExchangeId exchange)> failed;
        /// Something went wrong that people should know of.
        std::function<void(const std::string& message)> problem;
    };

    /// kInvalid if the certificate authorities of the system cannot be used.
    static base::Result<std::unique_ptr<UpstreamLinks>> open(net::EventLoop& loop,
                                                             std::vector<dns::UpstreamServer> upstreams,
                                                             Listener listener);

    /// Sends it; what cannot be sent is told to the listener as failed before this returns.
    void send(const dns::OutgoingQuery& query);
    void forget(dns::ExchangeId exchange);

  private:
    struct Stream {
        std::unique_ptr<net::FrameClient> client;
        /// By message id (RFC 7766 section 6.2.1): no two that are open have the same.
        absl::flat_hash_map<std::uint16_t, dns::ExchangeId> exchanges;
    };
    struct StreamKey {
        std::size_t upstream;
        dns::UpstreamTransport transport;
        friend auto operator<=>(const StreamKey&, const StreamKey&) = default;
    };

    UpstreamLinks(net::EventLoop& loop, std::vector<dns::UpstreamServer> upstreams, Listener listener);
    base::Result<void> open_streams(std::size_t upstream);
    base::Result<void> send_datagram(const dns::OutgoingQuery& query);
    base::Result<void> send_frame(const dns::OutgoingQuery& query);
    void frame_received(Stream& stream, Bytes frame);
    void stream_closed(Stream& stream, const base::Error& why);

    net::EventLoop& loop_;
    std::vector<dns::UpstreamServer> upstreams_;
    Listener listener_;
    std::unique_ptr<net::QuerySockets> sockets_;
    std::map<StreamKey, Stream> streams_;
    absl::flat_hash_map<dns::ExchangeId, std::pair<Stream*, std::uint16_t>>
        framed_;  // exchanges over streams
};

}  // namespace fairlead::dns_server
