#include "agent/dns_handler.h"

#include <utility>

namespace fairlead::agent {

EngineReport EngineReports::ask_anew() {
    const std::scoped_lock lock{mutex_};
    wanted_.store(true, std::memory_order_relaxed);
    return last_;
}

void EngineReports::put(EngineReport report) {
    const std::scoped_lock lock{mutex_};
    wanted_.store(false, std::memory_order_relaxed);
    last_ = std::move(report);
}

dns_server::Handled DnsHandler::handle(base::TimePoint now, const dns_server::Client& client,
                                       dns_server::Bytes packet, std::span<std::uint8_t> out) {
    now_ = now;
    const auto transport = client.transport == dns_server::ClientTransport::kUdp ? dns::ClientTransport::kUdp
                                                                                 : dns::ClientTransport::kTcp;
    const auto handled = engine_->handle(now, {client.source, transport, client.token}, packet, out);
    switch (handled.handling) {
        case dns::Handling::kReply:
            return {dns_server::Handling::kReply, handled.reply_bytes};
        case dns::Handling::kLater:
            return {dns_server::Handling::kLater, 0};
        case dns::Handling::kSilence:
            break;
    }
    return {};
}

void DnsHandler::received(base::TimePoint now, std::uint64_t exchange, dns_server::Bytes packet) {
    now_ = now;
    engine_->received(now, dns::ExchangeId{exchange}, packet);
}

void DnsHandler::failed(base::TimePoint now, std::uint64_t exchange) {
    now_ = now;
    engine_->failed(now, dns::ExchangeId{exchange});
}

void DnsHandler::take_output(dns_server::HandlerOutput& output) {
    engine_->take_output(output_);
    for (auto& [token, bytes] : std::exchange(output_.replies, {}))
        output.replies.push_back({token, std::move(bytes)});
    for (auto& query : std::exchange(output_.queries, {}))
        output.queries.push_back({static_cast<std::uint64_t>(query.exchange), query.upstream,
                                  static_cast<dns_server::UpstreamTransport>(query.transport),
                                  std::move(query.bytes)});
    for (const auto exchange : std::exchange(output_.closed_exchanges, {}))
        output.closed_exchanges.push_back(static_cast<std::uint64_t>(exchange));
}

void DnsHandler::end_of_turn() {
    if (reports_->wanted())
        reports_->put(
            {engine_->counts(), engine_->forwarder().stats(), engine_->forwarder().upstreams(now_)});
    engine_->end_of_turn();
}

}  // namespace fairlead::agent
