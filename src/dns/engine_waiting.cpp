#include <utility>

#include "base/assert.h"
#include "dns/engine.h"
#include "dns/message.h"

namespace fairlead::dns {

namespace {

/// A query waits for another lookup when the zone's answer has changed meanwhile; not for ever.
constexpr unsigned kMostLookups = 3;

/// What a waiter asked; it was read before.
Query query_of(Bytes packet) {
    const auto parsed = parse_query(packet);
    FAIRLEAD_ASSERT(std::holds_alternative<Query>(parsed));
    return std::get<Query>(parsed);
}

bool is_answer(const ReplyBody& body) {
    return body.code == ResponseCode::kNoError || body.code == ResponseCode::kNxDomain;
}

/// A reply as what the collapser wants to know of it.
LookupResult result_of(const Name& name, Bytes reply) {
    const auto message = decode_message(reply);
    FAIRLEAD_ASSERT(message);
    ReplyBody body = make_body(name, message->code, message->answer, message->authority);
    if (!is_answer(body)) return {.body = nullptr};
    return {.body = std::make_shared<const ReplyBody>(std::move(body))};
}

}  // namespace

void Engine::wait_for(base::TimePoint now, Waiter waiter, Answer answer) {
    waiter.lookup = answer.lookup;
    waiter.stale = std::move(answer.stale);
    ++waiter.lookups;
    const Ticket ticket = forwarder_->ask(now, waiter.lookup, waiter.client.source);
    if (waiter.stale != nullptr) stale_timers_.set(ticket, now + kStaleAnswerAfter);
    waiters_.emplace(ticket, std::move(waiter));
}

bool Engine::may_wait_undecided(const base::IpAddress& client) {
    std::size_t& count = undecided_by_client_[client];
    if (count >= options_.most_undecided_per_client) return false;
    ++count;
    ++undecided_count_;
    return true;
}

/// Hands out whatever has come to an end, and what that brings to an end in its turn.
void Engine::settle(base::TimePoint now) {
    for (;;) {
        const auto lookups = forwarder_->take_completed();
        for (const Completed& lookup : lookups)
            completed(now, lookup);
        const auto inquiries = collapser_.take_finished();
        for (const auto& inquiry : inquiries)
            decided(now, inquiry);
        if (lookups.empty() && inquiries.empty()) return;
    }
}

void Engine::completed(base::TimePoint now, const Completed& completed) {
    shared_.cache.store(now, CacheKey{completed.lookup}, completed.body, completed.lifetime);
    const Outcome fresh{.lookup = completed.lookup, .body = completed.body};
    for (const Ticket ticket : completed.tickets) {
        auto node = waiters_.extract(ticket);
        if (node.empty()) continue;  // a refresh, or its stale answer has gone out
        stale_timers_.cancel(ticket);
        Waiter waiter = std::move(node.mapped());
        if (completed.outcome == ForwardOutcome::kOverloaded) ++counts_.overloaded;
        const Outcome stale{.lookup = completed.lookup, .body = waiter.stale, .stale = true};
        const bool failed = !is_answer(*completed.body);
        const Outcome& outcome = failed && waiter.stale != nullptr ? stale : fresh;
        deliver(now, std::move(waiter), &outcome);
    }
}

void Engine::decided(base::TimePoint now, const Collapser::Finished& finished) {
    if (finished.counted_for != nullptr) {
        counts_.would_collapse += finished.counted;
        usage_.record_would_collapse(*finished.counted_for, finished.counted);
    }
    auto node = undecided_.extract(finished.inquiry);
    if (node.empty()) return;
    for (Waiter& waiter : node.mapped()) {
        --undecided_count_;
        if (--undecided_by_client_.at(waiter.client.source) == 0)
            undecided_by_client_.erase(waiter.client.source);
        const Query query = query_of(waiter.packet);
        const std::size_t limit = limit_of(query, waiter.client.transport, scratch_.size());
        const CollapseAnswer collapse =
            Collapser::answer(now, *waiter.context, query, limit, finished.ruling);
        if (collapse.kind == CollapseAnswer::Kind::kCollapsed) {
            const std::size_t size =
                write_reply(scratch_, query, *collapse.body,
                            {.limit = limit, .age_s = collapse.age_s, .draw = random_()});
            send_late(now, waiter, query, ReplySource::kCollapse, size);
        } else {
            waiter.would_collapse = collapse.would_collapse;
            deliver(now, std::move(waiter), nullptr);
        }
    }
}

/// Answers a waiter with what is known by now, or lets it wait for something else.
void Engine::deliver(base::TimePoint now, Waiter waiter, const Outcome* outcome) {
    const Query query = query_of(waiter.packet);
    const bool asks_itself = waiter.collapse_ticket.has_value();
    const std::size_t limit =
        asks_itself ? scratch_.size() : limit_of(query, waiter.client.transport, scratch_.size());
    Answer own = answer(now, query, scratch_, limit, outcome);
    if (own.size == 0 && waiter.lookups < kMostLookups)
        return wait_for(now, std::move(waiter), std::move(own));
    if (own.size == 0) own = {.size = write_code(query, ResponseCode::kServFail, scratch_)};
    if (!asks_itself) return send_late(now, waiter, query, own.source, own.size);
    lookup_time_ = now;
    lookup_client_ = waiter.client.source;
    collapser_.resolved(now, *waiter.collapse_ticket, result_of(query.name, Bytes{scratch_}.first(own.size)),
                        *this);
}

void Engine::send_late(base::TimePoint now, const Waiter& waiter, const Query& query, ReplySource source,
                       std::size_t size) {
    const Bytes reply = Bytes{scratch_}.first(size);
    const SeenAnswer seen{waiter.client, waiter.context.get(), query, reply, source, now - waiter.arrived};
    note_answer(now, seen, waiter.would_collapse);
    late_replies_.push_back({.token = waiter.client.token, .bytes = {reply.begin(), reply.end()}});
}

void Engine::advance(base::TimePoint now) {
    begin_turn();
    forwarder_->advance(now);
    settle(now);
    while (const auto ticket = stale_timers_.take_due(now)) {
        Waiter waiter = std::move(waiters_.extract(*ticket).mapped());
        const Outcome stale{.lookup = waiter.lookup, .body = waiter.stale, .stale = true};
        deliver(now, std::move(waiter), &stale);
    }
    collapser_.advance(now);
    settle(now);
}

void Engine::reconfigure(base::TimePoint now, Forwarding forwarding) {
    begin_turn();
    local_ = LocalNames(forwarding.hosts, std::move(forwarding.rewrites));
    forwarder_ = std::move(forwarding.forwarder);
    shared_.cache.clear();
    stale_timers_ = {};
    for (auto& [ticket, waiter] : std::exchange(waiters_, {})) {
        waiter.lookups = 0;
        deliver(now, std::move(waiter), nullptr);
    }
    settle(now);
}

NameState Engine::state_of(const Name& name) const {
    return local_.has(name) ? NameState::kExists : shared_.zone.state_of(name);
}

/// The zone has it ready only as part of an answer: that to a question for a type that its apex does not
/// have.
Record Engine::negative_soa() const {
    const auto packet = encode_message({.questions = {{options_.cluster_domain, RecordType::kHinfo}}});
    const Query query = query_of(packet);
    std::array<std::uint8_t, kDefaultUdpPayload> out{};
    ReplyWriter writer{out, query, out.size()};
    Name target;
    const ZoneAnswer zone = shared_.zone.answer(query, writer, 0, &target);
    const auto message = decode_message(Bytes{out}.first(writer.finish(zone.code, true)));
    FAIRLEAD_ASSERT(message && !message->authority.empty());
    return message->authority.front();
}

std::optional<LookupResult> Engine::look_up(std::uint64_t ticket, const Name& name, RecordType type) {
    auto packet = encode_message({.recursion_desired = true, .questions = {{name, type}}});
    const Query query = query_of(packet);
    Answer found = answer(lookup_time_, query, scratch_, scratch_.size(), nullptr);
    if (found.size > 0) return result_of(name, Bytes{scratch_}.first(found.size));
    wait_for(lookup_time_,
             {.packet = std::move(packet),
              .client = {.source = lookup_client_},
              .collapse_ticket = ticket,
              .arrived = lookup_time_},
             std::move(found));
    return std::nullopt;
}

}  // namespace fairlead::dns
