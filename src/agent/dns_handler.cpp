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

dns::Handled DnsHandler::handle(base::TimePoint now, const dns::Client& client, dns::Bytes packet,
                                std::span<std::uint8_t> out) {
    now_ = now;
    return engine_->handle(now, client, packet, out);
}

void DnsHandler::received(base::TimePoint now, dns::ExchangeId exchange, dns::Bytes packet) {
    now_ = now;
    engine_->received(now, exchange, packet);
}

void DnsHandler::failed(base::TimePoint now, dns::ExchangeId exchange) {
    now_ = now;
    engine_->failed(now, exchange);
}

void DnsHandler::end_of_turn() {
    if (reports_->wanted())
        reports_->put(
            {engine_->counts(), engine_->forwarder().stats(), engine_->forwarder().upstreams(now_)});
    engine_->end_of_turn();
}

}  // namespace fairlead::agent
