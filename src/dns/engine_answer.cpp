#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "dns/engine.h"
#include "dns/message.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

bool is_failure(ResponseCode code) {
    return code != ResponseCode::kNoError && code != ResponseCode::kNxDomain;
}

Lookup lookup_of(const Name& name, const Query& query) {
    return {.name = name,
            .type = query.type,
            .dnssec_ok = query.edns && query.edns->dnssec_ok,
            .checking_disabled = query.checking_disabled};
}

/// A reply of our own again.
Message message_of(Bytes reply) {
    auto message = decode_message(reply);
    FAIRLEAD_ASSERT(message);
    return *std::move(message);
}

}  // namespace

Engine::Answer Engine::answer(base::TimePoint now, const Query& query, std::span<std::uint8_t> out,
                              std::size_t limit, const Outcome* outcome) {
    const NameRewrite* const rewrite = local_.rewrite_of(query.name);
    return rewrite == nullptr ? answer_as_it_is(now, query, out, limit, outcome)
                              : answer_rewritten(now, query, *rewrite, out, limit, outcome);
}

/// As if the other name had been asked for. Its own rewrites do not count: they could go in a circle.
Engine::Answer Engine::answer_rewritten(base::TimePoint now, const Query& query, const NameRewrite& rewrite,
                                        std::span<std::uint8_t> out, std::size_t limit,
                                        const Outcome* outcome) {
    Query inner = query;
    inner.name = rewrite.to.lowered();
    std::vector<std::uint8_t> question(rewrite.to.wire().begin(), rewrite.to.wire().end());
    const Bytes tail = query.question.last(kQuestionTailSize);
    question.insert(question.end(), tail.begin(), tail.end());
    inner.question = question;
    std::vector<std::uint8_t> reply(kMaxMessageSize);
    Answer answer = answer_as_it_is(now, inner, reply, reply.size(), outcome);
    if (answer.size == 0) return answer;
    Message message = message_of(Bytes{reply}.first(answer.size));
    if (rewrite.restore_answer)
        for (Record& record : message.answer)
            if (record.owner == rewrite.to) record.owner = query.name;
    ReplyBody body =
        make_body(query.name, message.code, message.answer, message.authority, message.additional);
    body.authoritative = message.authoritative;
    answer.size = write_reply(out, query, body, {.limit = limit});
    return answer;
}

Engine::Answer Engine::answer_as_it_is(base::TimePoint now, const Query& query, std::span<std::uint8_t> out,
                                       std::size_t limit, const Outcome* outcome) {
    ReplyWriter writer{out, query, limit};
    if (local_.answer(query, writer, random_()))
        return {.size = writer.finish(ResponseCode::kNoError, true), .source = ReplySource::kHosts};
    Name target;
    const ZoneAnswer zone = shared_.zone.answer(query, writer, random_(), &target);
    switch (zone.outcome) {
        case ZoneOutcome::kAnswered:
            return {.size = writer.finish(zone.code, true), .source = ReplySource::kZone};
        case ZoneOutcome::kServFail:
            return {.size = writer.finish(ResponseCode::kServFail, false), .source = ReplySource::kZone};
        case ZoneOutcome::kFollow:
            return follow(now, query, target, writer.finish(ResponseCode::kNoError, true), out, limit,
                          outcome);
        case ZoneOutcome::kOutside:
            break;
    }
    return answer_from_elsewhere(now, query, out, limit, outcome);
}

Engine::Answer Engine::answer_from_elsewhere(base::TimePoint now, const Query& query,
                                             std::span<std::uint8_t> out, std::size_t limit,
                                             const Outcome* outcome) {
    const Lookup lookup = lookup_of(query.name, query);
    Held held = find(now, lookup, outcome);
    if (held.body == nullptr) return {.lookup = lookup, .stale = std::move(held.stale)};
    const std::size_t size = write_reply(
        out, query, *held.body,
        {.limit = limit, .age_s = held.age_s, .fixed_ttl_s = held.fixed_ttl_s, .draw = random_()});
    return {.size = size, .source = held.source};
}

/// CNAME records of the zone are in the reply; what they lead to is put behind them. A failure there is one
/// of the whole: an answer of CNAME records alone would be kept as "no data".
Engine::Answer Engine::follow(base::TimePoint now, const Query& query, const Name& target,
                              std::size_t chain_size, std::span<std::uint8_t> out, std::size_t limit,
                              const Outcome* outcome) {
    const Lookup lookup = lookup_of(target, query);
    Held held = find(now, lookup, outcome);
    if (held.body == nullptr) return {.lookup = lookup, .stale = std::move(held.stale)};
    if (is_failure(held.body->code))
        return {.size = write_code(query, ResponseCode::kServFail, out), .source = held.source};
    Message chain = message_of(Bytes{out}.first(chain_size));
    BodyRecords end = records_of(target, *held.body);
    for (auto* section : {&end.answer, &end.authority})
        for (Record& record : *section)
            record.ttl_s = held.fixed_ttl_s.value_or(record.ttl_s - std::min(record.ttl_s, held.age_s));
    chain.answer.insert(chain.answer.end(), std::make_move_iterator(end.answer.begin()),
                        std::make_move_iterator(end.answer.end()));
    const ReplyBody body = make_body(query.name, held.body->code, chain.answer, end.authority);
    return {.size = write_reply(out, query, body, {.limit = limit, .draw = random_()}),
            .source = held.source};
}

Engine::Held Engine::find(base::TimePoint now, const Lookup& lookup, const Outcome* outcome) {
    if (outcome != nullptr && outcome->lookup == lookup) {
        if (!outcome->stale) return {.body = outcome->body, .source = ReplySource::kUpstream};
        ++counts_.served_stale;
        return {.body = outcome->body, .fixed_ttl_s = kStaleTtlS};
    }
    CacheHit hit = shared_.cache.find(now, CacheKey{lookup});
    if (hit.refresh) {
        ++counts_.prefetches;
        static_cast<void>(forwarder_->ask(now, lookup));
    }
    if (hit.reply == nullptr) return {};
    const auto age_s = hit.reply->age_s(now);
    const auto* const body = hit.reply->body.get();
    std::shared_ptr<const ReplyBody> held{std::move(hit.reply), body};  // counts no second user
    switch (hit.freshness) {
        case Freshness::kFresh:
            return {.body = std::move(held), .age_s = age_s};
        case Freshness::kStaleUpstreamsFailed:
            ++counts_.served_stale;
            return {.body = std::move(held), .fixed_ttl_s = kStaleTtlS};
        case Freshness::kStale:
            break;
    }
    return {.stale = std::move(held)};
}

}  // namespace fairlead::dns
