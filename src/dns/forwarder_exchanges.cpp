// What a Forwarder sends to upstreams, and what it makes of what comes back.

#include <algorithm>

#include "base/assert.h"
#include "dns/forwarder.h"
#include "dns/message.h"

namespace fairlead::dns {

namespace {

/// How long a server that did not understand EDNS is asked without.
constexpr base::Duration kWithoutEdns = std::chrono::minutes(10);

/// A connection may have to be made first; TCP itself sees to loss.
constexpr base::Duration kPatienceWithStreams = std::chrono::seconds(1);

std::uint64_t stream_id(std::size_t upstream, std::uint16_t id) {
    return std::uint64_t{upstream} << 16U | id;
}

bool is_answer(ResponseCode code) {
    return code == ResponseCode::kNoError || code == ResponseCode::kNxDomain;
}

/// From a server that does not resolve for us: it only says who else might know.
bool is_referral(const Message& reply) {
    return reply.code == ResponseCode::kNoError && reply.answer.empty() && !reply.recursion_available &&
           !reply.authoritative && std::ranges::any_of(reply.authority, [](const Record& record) {
               return record.type == RecordType::kNs;
           });
}

/// TC is read from the header, since a truncated message may end anywhere.
bool is_truncated(Bytes packet) {
    return (packet[2] & kTruncatedFlag >> 8U) != 0;
}

}  // namespace

void Forwarder::send_for(base::TimePoint now, JobId id, std::size_t upstream, const Sending& how) {
    Job& job = *jobs_.at(id);
    Upstream& to = upstreams_[upstream];
    Exchange exchange;
    exchange.job = id;
    exchange.upstream = upstream;
    exchange.transport = how.transport;
    if (to.letter_case.mode(now) == CaseKeeping::Mode::kAskByTcp && how.transport == UpstreamTransport::kUdp)
        exchange.transport = UpstreamTransport::kTcp;
    exchange.random_case = to.letter_case.mode(now) != CaseKeeping::Mode::kLowerCase;
    exchange.after_formerr = how.after_formerr;
    exchange.query.name = exchange.random_case ? with_random_case(job.lookup.name, random_) : job.lookup.name;
    exchange.query.type = job.lookup.type;
    exchange.query.dnssec_ok = job.lookup.dnssec_ok;
    exchange.query.checking_disabled = job.lookup.checking_disabled;
    exchange.query.edns = how.edns && now >= to.no_edns_until;
    if (!exchange.query.edns) ++stats_.asked_without_edns;
    ++job.exchanges;
    set_retry_timer(now, id, exchange);
    job.open.push_back(send(now, exchange));
}

/// Twice as long each time that all upstreams have been asked.
void Forwarder::set_retry_timer(base::TimePoint now, JobId id, const Exchange& exchange) {
    const Job& job = *jobs_.at(id);
    const bool by_udp = exchange.transport == UpstreamTransport::kUdp;
    const auto round = (job.tries - 1) / job.candidates.size();
    const base::Duration wait =
        by_udp ? upstreams_[exchange.upstream].health.patience() * (1U << round) : kPatienceWithStreams;
    timers_.set({TimerKind::kJob, static_cast<std::uint64_t>(id)},
                std::min(job.started + kBudget, now + wait));
}

ExchangeId Forwarder::send(base::TimePoint now, Exchange exchange) {
    const ExchangeId id{++last_id_};
    exchange.sent = now;
    exchange.query.id = draw_id(exchange);
    ++upstreams_[exchange.upstream].counters.queries;
    output_.push_back({id, exchange.upstream, exchange.transport, encode_query(exchange.query)});
    timers_.set({TimerKind::kExchange, static_cast<std::uint64_t>(id)}, now + UpstreamHealth::kSilence);
    exchanges_.emplace(id, exchange);
    return id;
}

std::uint16_t Forwarder::draw_id(const Exchange& exchange) {
    auto id = static_cast<std::uint16_t>(random_());
    if (exchange.transport == UpstreamTransport::kUdp) return id;
    // kMostLookups keeps some free.
    while (!stream_ids_.insert(stream_id(exchange.upstream, id)).second)
        ++id;
    return id;
}

Forwarder::Exchange Forwarder::close(ExchangeId id) {
    Exchange exchange = exchanges_.extract(id).mapped();
    timers_.cancel({TimerKind::kExchange, static_cast<std::uint64_t>(id)});
    if (exchange.transport != UpstreamTransport::kUdp)
        stream_ids_.erase(stream_id(exchange.upstream, exchange.query.id));
    if (exchange.job) std::erase(jobs_.at(*exchange.job)->open, id);
    closed_.push_back(id);
    return exchange;
}

void Forwarder::received(base::TimePoint now, ExchangeId id, Bytes packet) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) {
        ++stats_.foreign_replies;
        return;
    }
    const auto match = match_reply(found->second.query, packet);
    const bool by_udp = found->second.transport == UpstreamTransport::kUdp;
    if (match == ReplyMatch::kForeign) {
        ++stats_.foreign_replies;
        return;
    }
    if (match == ReplyMatch::kWrongCase && by_udp && found->second.random_case)
        return wrong_case(now, found->second);
    const Exchange exchange = close(id);
    note_answered(now, exchange, match);
    if (exchange.purpose == Purpose::kLoopProbe) loop_probe_over(now, exchange);
    if (exchange.job) take_reply(now, exchange, packet, match != ReplyMatch::kNoQuestion);
}

/// The reply is dropped: the exchange goes on waiting for a right one.
void Forwarder::wrong_case(base::TimePoint now, Exchange& exchange) {
    ++stats_.wrong_case_replies;
    CaseKeeping& letter_case = upstreams_[exchange.upstream].letter_case;
    const bool suspected = letter_case.mode(now) == CaseKeeping::Mode::kAskByTcp;
    letter_case.wrong_case_by_udp(now);
    const bool suspect = letter_case.mode(now) == CaseKeeping::Mode::kAskByTcp;
    if (!suspect || suspected || !exchange.job || !can_send_again(*exchange.job)) return;
    send_for(now, *exchange.job, exchange.upstream, {UpstreamTransport::kTcp, exchange.query.edns});
}

void Forwarder::note_answered(base::TimePoint now, const Exchange& exchange, ReplyMatch match) {
    Upstream& from = upstreams_[exchange.upstream];
    from.health.answered();
    from.last_reply = now;
    const bool by_udp = exchange.transport == UpstreamTransport::kUdp;
    if (by_udp) from.health.measured(now - exchange.sent);
    if (!exchange.random_case || match == ReplyMatch::kNoQuestion) return;
    if (!by_udp)
        from.letter_case.answered_by_tcp(now, match == ReplyMatch::kMatches);
    else
        from.letter_case.right_case_by_udp();
}

bool Forwarder::can_send_again(JobId id) const {
    return jobs_.at(id)->exchanges < kMostExchanges;
}

void Forwarder::take_reply(base::TimePoint now, const Exchange& exchange, Bytes packet, bool has_question) {
    const JobId id = *exchange.job;
    Job& job = *jobs_.at(id);
    job.heard = true;
    if (has_question && is_truncated(packet)) {
        if (exchange.transport != UpstreamTransport::kUdp || !can_send_again(id))
            return take_error(now, exchange, failure_reply(job.lookup, ResponseCode::kServFail, *job.ttl));
        ++stats_.tcp_after_truncation;
        return send_for(now, id, exchange.upstream, {UpstreamTransport::kTcp, exchange.query.edns});
    }
    const auto reply = decode_message(packet);
    const ResponseCode code = reply ? reply->code : ResponseCode::kServFail;
    const bool edns_unknown = code == ResponseCode::kFormErr || code == ResponseCode::kBadVers ||
                              (code == ResponseCode::kNotImp && !reply->edns);
    if (edns_unknown && exchange.query.edns && can_send_again(id))
        return send_for(now, id, exchange.upstream, {exchange.transport, false, true});
    if (exchange.after_formerr && !edns_unknown)
        upstreams_[exchange.upstream].no_edns_until = now + kWithoutEdns;
    if (!reply || !is_answer(code))
        return take_error(now, exchange, failure_reply(job.lookup, code, *job.ttl));
    if (!has_question || is_referral(*reply))
        return take_error(now, exchange, failure_reply(job.lookup, ResponseCode::kServFail, *job.ttl));
    finish(now, id, check_reply(job.lookup, *reply, *job.ttl), ForwardOutcome::kAnswered, exchange.upstream);
}

/// Another upstream may know better; this one is not asked again.
void Forwarder::take_error(base::TimePoint now, const Exchange& exchange, CheckedReply error) {
    Job& job = *jobs_.at(*exchange.job);
    job.error = std::move(error);
    job.error_from = exchange.upstream;
    job.gave_error.push_back(exchange.upstream);
    try_next(now, *exchange.job);
}

void Forwarder::failed(base::TimePoint now, ExchangeId id) {
    if (!exchanges_.contains(id)) return;
    const Exchange exchange = close(id);
    note_failed(now, exchange, !exchange.judged);
    if (exchange.purpose == Purpose::kLoopProbe) loop_probe_over(now, exchange);
    if (!exchange.job) return;
    // An upstream that has not failed yet is asked at once. The others may be starting anew: they get until
    // the retry timer.
    Job& job = *jobs_.at(*exchange.job);
    job.could_not_send.push_back(exchange.upstream);
    const auto next = next_candidate(job);
    if (next && std::ranges::find(job.could_not_send, *next) == job.could_not_send.end())
        try_next(now, *exchange.job);
}

void Forwarder::note_failed(base::TimePoint now, const Exchange& exchange, bool counts) {
    Upstream& from = upstreams_[exchange.upstream];
    ++from.counters.failures;
    if (exchange.purpose == Purpose::kHealthProbe) ++from.counters.probes_unanswered;
    if (exchange.transport != UpstreamTransport::kUdp) from.letter_case.tcp_failed(now);
    // A server without TCP is no worse over UDP.
    if (!counts || exchange.transport != from.server.transport) return;
    const bool was_healthy = from.health.healthy();
    from.health.failed();
    if (!was_healthy || from.health.healthy()) return;
    timers_.set({TimerKind::kHealthProbe, exchange.upstream}, now);
    timers_.set({TimerKind::kLoopProbe, exchange.upstream}, now);
}

/// UpstreamHealth::kSilence has passed. As long as somebody waits, a late reply is welcome.
void Forwarder::silent(base::TimePoint now, ExchangeId id) {
    Exchange& exchange = exchanges_.at(id);
    exchange.judged = true;
    // What was sent before the upstream last replied says nothing about how it is now.
    const bool counts = exchange.sent >= upstreams_[exchange.upstream].last_reply;
    if (exchange.job) return note_failed(now, exchange, counts);
    const Exchange over = close(id);
    note_failed(now, over, counts);
    if (over.purpose == Purpose::kLoopProbe) loop_probe_over(now, over);
}

/// From now on only health is learnt from it, unless it would have to share a great number of sockets.
void Forwarder::nobody_waits(ExchangeId id) {
    Exchange& exchange = exchanges_.at(id);
    exchange.job.reset();
    if (exchange.judged || exchanges_.size() > 2 * limits_.most_lookups) close(id);
}

}  // namespace fairlead::dns
