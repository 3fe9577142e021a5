#include "dns_server/upstream_links.h"

namespace fairlead::dns_server {

namespace {

using base::Result;

constexpr std::size_t kIdBytes = 2;

std::uint16_t message_id(Bytes message) {
    return static_cast<std::uint16_t>(message[0] << 8U | message[1]);
}

}  // namespace

UpstreamLinks::UpstreamLinks(net::EventLoop& loop, std::vector<dns::UpstreamServer> upstreams,
                             Listener listener)
    : loop_(loop), upstreams_(std::move(upstreams)), listener_(std::move(listener)) {}

Result<std::unique_ptr<UpstreamLinks>> UpstreamLinks::open(net::EventLoop& loop,
                                                           std::vector<dns::UpstreamServer> upstreams,
                                                           Listener listener) {
    std::unique_ptr<UpstreamLinks> links{new UpstreamLinks(loop, std::move(upstreams), std::move(listener))};
    net::QuerySockets::Listener datagrams;
    datagrams.received = [it = links.get()](std::uint64_t exchange, Bytes packet) {
        it->listener_.received(dns::ExchangeId{exchange}, packet);
        return false;  // the handler says when it has what it wants
    };
    datagrams.failed = [it = links.get()](std::uint64_t exchange, const base::Error&) {
        it->listener_.failed(dns::ExchangeId{exchange});
    };
    FAIRLEAD_TRY(links->sockets_, net::QuerySockets::open(loop, {}, std::move(datagrams)));
    for (std::size_t i = 0; i < links->upstreams_.size(); ++i)
        FAIRLEAD_CHECK(links->open_streams(i));
    return links;
}

Result<void> UpstreamLinks::open_streams(std::size_t upstream) {
    const auto& server = upstreams_[upstream];
    for (const auto transport : {dns::UpstreamTransport::kTcp, dns::UpstreamTransport::kTls}) {
        auto& stream = streams_[{upstream, transport}];
        net::FrameClient::Options options;
        options.server = server.address;
        options.interface = server.interface.empty() ? 0 : net::interface_index(server.interface);
        options.tls = transport == dns::UpstreamTransport::kTls;
        options.tls_options.server_name = server.tls_server_name;
        options.tls_options.key_pins = server.tls_key_pins;
        net::FrameClient::Listener listener;
        listener.received = [this, &stream](Bytes frame) { frame_received(stream, frame); };
        listener.closed = [this, &stream](const base::Error& why) { stream_closed(stream, why); };
        FAIRLEAD_TRY(stream.client, net::FrameClient::make(loop_, std::move(options), std::move(listener)));
    }
    return {};
}

void UpstreamLinks::send(const dns::OutgoingQuery& query) {
    const auto sent =
        query.transport == dns::UpstreamTransport::kUdp ? send_datagram(query) : send_frame(query);
    if (sent) return;
    listener_.problem(sent.error().message);
    listener_.failed(query.exchange);
}

Result<void> UpstreamLinks::send_datagram(const dns::OutgoingQuery& query) {
    const auto& server = upstreams_[query.upstream];
    const auto interface = server.interface.empty() ? 0 : net::interface_index(server.interface);
    return sockets_->ask(static_cast<std::uint64_t>(query.exchange), server.address, interface, query.bytes);
}

Result<void> UpstreamLinks::send_frame(const dns::OutgoingQuery& query) {
    auto& stream = streams_.at({query.upstream, query.transport});
    const auto id = message_id(query.bytes);
    FAIRLEAD_CHECK(stream.client->send(query.bytes));
    stream.exchanges.insert_or_assign(id, query.exchange);
    framed_.insert_or_assign(query.exchange, std::pair{&stream, id});
    return {};
}

void UpstreamLinks::forget(dns::ExchangeId exchange) {
    sockets_->forget(static_cast<std::uint64_t>(exchange));
    const auto found = framed_.find(exchange);
    if (found == framed_.end()) return;
    const auto [stream, id] = found->second;
    framed_.erase(found);
    const auto known = stream->exchanges.find(id);
    if (known != stream->exchanges.end() && known->second == exchange) stream->exchanges.erase(known);
}

void UpstreamLinks::frame_received(Stream& stream, Bytes frame) {
    if (frame.size() < kIdBytes) return;
    const auto found = stream.exchanges.find(message_id(frame));
    if (found != stream.exchanges.end()) listener_.received(found->second, frame);
}

void UpstreamLinks::stream_closed(Stream& stream, const base::Error& why) {
    if (!why.message.empty()) listener_.problem(why.message);
    const auto lost = std::exchange(stream.exchanges, {});
    for (const auto& [id, exchange] : lost) {
        framed_.erase(exchange);
        listener_.failed(exchange);
    }
}

}  // namespace fairlead::dns_server
