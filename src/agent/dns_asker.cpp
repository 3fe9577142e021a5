#include "agent/dns_asker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/log.h"

namespace fairlead::agent {

using base::Result;

Result<std::unique_ptr<DnsAsker>> DnsAsker::make(net::EventLoop& loop, const MakeEngine& make_engine,
                                                 const std::vector<dns::UpstreamServer>& upstreams) {
    std::unique_ptr<DnsAsker> asker{new DnsAsker(loop)};
    asker->engine_ = make_engine(asker->usage_, *asker);
    asker->engine_->end_of_turn();
    FAIRLEAD_CHECK(asker->open_links(upstreams));
    return asker;
}

Result<void> DnsAsker::open_links(const std::vector<dns::UpstreamServer>& upstreams) {
    dns_server::UpstreamLinks::Listener listener;
    listener.received = [this](dns::ExchangeId exchange, dns::Bytes packet) {
        engine_->received(loop_.now(), exchange, packet);
        settle();
    };
    listener.failed = [this](dns::ExchangeId exchange) {
        engine_->failed(loop_.now(), exchange);
        settle();
    };
    listener.problem = [](const std::string& problem) { base::log_warning("dns: " + problem); };
    FAIRLEAD_TRY(upstreams_, dns_server::UpstreamLinks::open(loop_, upstreams, std::move(listener)));
    return {};
}

Result<void> DnsAsker::reconfigure(const std::vector<dns::UpstreamServer>& upstreams,
                                   dns::Forwarding forwarding) {
    FAIRLEAD_CHECK(open_links(upstreams));
    engine_->reconfigure(loop_.now(), std::move(forwarding));
    settle();
    return {};
}

void DnsAsker::ask(const base::IpAddress& source, const dns::Name& name, dns::RecordType type, Done done) {
    send({.source = source, .name = name, .type = type, .asked = loop_.now(), .done = std::move(done)});
}

void DnsAsker::send(Question question) {
    const auto token = ++last_token_;
    const dns::Client client{question.source, question.transport, token};
    const auto packet =
        dns::encode_message({.recursion_desired = true, .questions = {{question.name, question.type}}});
    questions_.emplace(token, std::move(question));
    std::vector<std::uint8_t> out(dns::kMaxMessageSize);
    const auto handled = engine_->handle(loop_.now(), client, packet, out);
    FAIRLEAD_ASSERT(handled.handling != dns::Handling::kSilence);
    if (handled.handling == dns::Handling::kReply)
        take_reply(token, dns::Bytes{out}.first(handled.reply_bytes));
    settle();
}

void DnsAsker::answered(base::TimePoint /*now*/, const dns::SeenAnswer& answer) {
    questions_.at(answer.client.token).reply_source = answer.reply_source;
}

void DnsAsker::take_reply(std::uint64_t token, dns::Bytes bytes) {
    auto message = dns::decode_message(bytes);
    FAIRLEAD_ASSERT(message);
    auto question = std::move(questions_.extract(token).mapped());
    if (message->truncated && question.transport == dns::ClientTransport::kUdp) {
        question.transport = dns::ClientTransport::kTcp;
        finished_.emplace_back([this, question]() mutable { send(std::move(question)); });
        return;
    }
    finished_.emplace_back(
        [done = std::move(question.done), reply = Reply{*std::move(message), question.reply_source,
                                                        question.transport == dns::ClientTransport::kTcp,
                                                        loop_.now() - question.asked}] { done(reply); });
}

/// A question that cannot be sent is told to the engine at once, which thinks of another one.
void DnsAsker::settle() {
    settle_again_ = settling_;
    if (std::exchange(settling_, true)) return;
    do {
        settle_again_ = false;
        send_output();
    } while (settle_again_);
    settling_ = false;
    engine_->end_of_turn();
    set_timer();
    deliver();
}

void DnsAsker::send_output() {
    dns::EngineOutput output;
    engine_->take_output(output);
    for (const auto& reply : output.replies)
        take_reply(reply.token, reply.bytes);
    for (const auto exchange : output.closed_exchanges)
        upstreams_->forget(exchange);
    for (const auto& query : output.queries)
        upstreams_->send(query);
}

void DnsAsker::set_timer() {
    const auto next = engine_->next_deadline();
    if (!next) return timer_.reset();
    timer_ = loop_.after(std::max(*next - loop_.now(), base::Duration::zero()), [this] {
        engine_->advance(loop_.now());
        settle();
    });
}

/// Whoever hears of a reply may ask again.
void DnsAsker::deliver() {
    while (!finished_.empty()) {
        const auto finished = std::move(finished_.front());
        finished_.pop_front();
        finished();
    }
}

}  // namespace fairlead::agent
