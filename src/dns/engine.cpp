#include "dns/engine.h"

#include <algorithm>
#include <utility>

#include "dns/wire.h"

namespace fairlead::dns {

namespace {

/// RFC 8482, section 4.2: an HINFO record that names the RFC, instead of all that there is.
constexpr std::uint32_t kAnyTtlS = 3600;
constexpr auto kAnyRdata = std::to_array<std::uint8_t>({7, 'R', 'F', 'C', '8', '4', '8', '2', 0});

constexpr std::size_t kAnswerCount = 6;  // where the header has it
constexpr RecordType kNoType{0};

}  // namespace

Engine::Engine(base::TimePoint now, const EngineOptions& options, const EngineShared& shared,
               Forwarding forwarding, UsageRecorder& usage, std::uint64_t seed, AnswerObserver* observer)
    : options_(options),
      shared_(shared),
      local_(forwarding.hosts, std::move(forwarding.rewrites)),
      identity_(options.version, options.server_id),
      forwarder_(std::move(forwarding.forwarder)),
      usage_(usage),
      observer_(observer),
      collapser_(now + kClientRetryWindow),
      random_(seed),
      gate_(shared.zone.reclaimer()),
      scratch_(kMaxMessageSize) {}

void Engine::begin_turn() {
    if (!std::exchange(in_turn_, true)) gate_.online();
}

void Engine::end_of_turn() {
    if (std::exchange(in_turn_, false)) gate_.offline();
}

std::size_t Engine::limit_of(const Query& query, ClientTransport transport, std::size_t room) const {
    if (transport == ClientTransport::kTcp) return std::min(kMaxMessageSize, room);
    return std::min(udp_reply_limit(query, std::max(options_.udp_payload, kMinUdpPayload)), room);
}

std::size_t Engine::write_code(const Query& query, ResponseCode code, std::span<std::uint8_t> out) const {
    return ReplyWriter{out, query, out.size()}.finish(code, false);
}

Handled Engine::handle(base::TimePoint now, const Client& client, Bytes packet, std::span<std::uint8_t> out) {
    begin_turn();
    counts_.request_bytes.add(kSizeBounds, static_cast<double>(packet.size()));
    const auto parsed = parse_query(packet);
    if (std::holds_alternative<Silence>(parsed)) {
        ++counts_.silenced;
        return {Handling::kSilence};
    }
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refuse(client, *refusal, out);
    const auto& query = std::get<Query>(parsed);
    counts_.count_request(client.transport, client.source.family(), query.type);
    if (query.edns && query.edns->dnssec_ok) ++counts_.dnssec_requests;
    const Handled handled = handle_query(now, client, query, packet, out);
    settle(now);
    return handled;
}

Handled Engine::refuse(const Client& client, const Refusal& refusal, std::span<std::uint8_t> out) {
    counts_.count_request(client.transport, client.source.family(), kNoType);
    ++counts_.malformed;
    const std::size_t size = write_refusal(out, refusal);
    counts_.count_response(ReplySource::kServer, out.first(size), {});
    return {Handling::kReply, size};
}

/// Whatever is not a question of class IN about one type.
std::optional<std::size_t> Engine::answer_about_self(const Query& query, ClientTransport transport,
                                                     std::span<std::uint8_t> out, std::size_t limit) {
    if (query.klass == RecordClass::kChaos &&
        (query.type == RecordType::kTxt || query.type == RecordType::kAny)) {
        const ReplyBody* const body = identity_.find(query.name);
        if (body != nullptr) return write_reply(out, query, *body, {.limit = limit});
    }
    if (query.klass != RecordClass::kIn || query.type == RecordType::kAxfr || query.type == RecordType::kIxfr)
        return write_code(query, ResponseCode::kRefused, out);
    if (query.type != RecordType::kAny || transport != ClientTransport::kUdp) return std::nullopt;
    switch (state_of(query.name)) {
        case NameState::kExists: {
            ReplyWriter writer{out, query, limit};
            writer.add(Section::kAnswer, query.name, RecordType::kHinfo, kAnyTtlS, kAnyRdata);
            return writer.finish(ResponseCode::kNoError, true);
        }
        case NameState::kOutside: {
            // What there is can be large, and the source forged: over TCP it cannot be.
            ReplyBody body;
            body.truncated = true;
            return write_reply(out, query, body, {.limit = limit});
        }
        default:
            return std::nullopt;
    }
}

Handled Engine::handle_query(base::TimePoint now, const Client& client, const Query& query, Bytes packet,
                             std::span<std::uint8_t> out) {
    const std::size_t limit = limit_of(query, client.transport, out.size());
    const SearchContext* const context = shared_.clients.find(client.source);
    const auto seen = [&](ReplySource source, std::size_t size) {
        return SeenAnswer{client, context, query, out.first(size), source, {}};
    };
    if (const auto size = answer_about_self(query, client.transport, out, limit)) {
        count_answer(now, seen(ReplySource::kServer, *size));
        return {Handling::kReply, *size};
    }
    const auto waiter = [&] {
        return Waiter{.packet = {packet.begin(), packet.end()},
                      .client = client,
                      .context = context == nullptr ? nullptr : context->shared_from_this(),
                      .arrived = now};
    };
    bool would_collapse = false;
    if (context != nullptr) {
        lookup_time_ = now;
        lookup_client_ = client.source;
        const CollapseAnswer collapse = collapser_.decide(now, *context, query, limit, *this);
        if (collapse.kind == CollapseAnswer::Kind::kPending && may_wait_undecided(client.source)) {
            undecided_[collapse.inquiry].push_back(waiter());
            return {Handling::kLater};
        }
        if (collapse.kind == CollapseAnswer::Kind::kCollapsed) {
            const std::size_t size = write_reply(
                out, query, *collapse.body, {.limit = limit, .age_s = collapse.age_s, .draw = random_()});
            note_answer(now, seen(ReplySource::kCollapse, size), false);
            return {Handling::kReply, size};
        }
        would_collapse = collapse.would_collapse;
    }
    Answer own = answer(now, query, out, limit, nullptr);
    if (own.size == 0) {
        if (query.recursion_desired) {
            Waiter waiting = waiter();
            waiting.would_collapse = would_collapse;
            wait_for(now, std::move(waiting), std::move(own));
            return {Handling::kLater};
        }
        own = {.size = write_code(query, ResponseCode::kRefused, out)};
    }
    note_answer(now, seen(own.source, own.size), would_collapse);
    return {Handling::kReply, own.size};
}

void Engine::count_answer(base::TimePoint now, const SeenAnswer& answer) {
    counts_.count_response(answer.reply_source, answer.reply, answer.took);
    if (observer_ != nullptr) observer_->answered(now, answer);
}

void Engine::note_answer(base::TimePoint now, const SeenAnswer& answer, bool would_collapse) {
    count_answer(now, answer);
    const bool collapsed = answer.reply_source == ReplySource::kCollapse;
    if (collapsed) ++counts_.collapsed;
    if (would_collapse) ++counts_.would_collapse;
    if (answer.context == nullptr) return;
    usage_.record(now, *answer.context,
                  {.name = answer.query.name,
                   .type = answer.query.type,
                   .found = get_u16(answer.reply, kAnswerCount) > 0,
                   .collapsed = collapsed,
                   .would_collapse = would_collapse});
}

void Engine::received(base::TimePoint now, ExchangeId exchange, Bytes packet) {
    begin_turn();
    forwarder_->received(now, exchange, packet);
    settle(now);
}

void Engine::failed(base::TimePoint now, ExchangeId exchange) {
    begin_turn();
    forwarder_->failed(now, exchange);
    settle(now);
}

std::optional<base::TimePoint> Engine::next_deadline() const {
    std::optional<base::TimePoint> first;
    for (const auto deadline :
         {forwarder_->next_deadline(), collapser_.next_deadline(), stale_timers_.next()})
        if (deadline && (!first || *deadline < *first)) first = deadline;
    return first;
}

void Engine::take_output(EngineOutput& output) {
    const auto append = [](auto& to, auto from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    append(output.replies, std::exchange(late_replies_, {}));
    append(output.queries, forwarder_->take_output());
    append(output.closed_exchanges, forwarder_->take_closed());
}

}  // namespace fairlead::dns
