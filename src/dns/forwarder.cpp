#include "dns/forwarder.h"

#include <algorithm>
#include <numeric>

#include "base/assert.h"

namespace fairlead::dns {

namespace {

ResponseCode code_of(ForwardOutcome outcome) {
    const bool refused = outcome == ForwardOutcome::kOverloaded || outcome == ForwardOutcome::kNoUpstream;
    return refused ? ResponseCode::kRefused : ResponseCode::kServFail;
}

/// Whether the same would come of the same question a moment later, so that it is kept (RFC 9520).
bool lasts(ForwardOutcome outcome) {
    return outcome == ForwardOutcome::kTimedOut || outcome == ForwardOutcome::kUnreachable;
}

template <class Generator>
void shuffle(std::vector<std::size_t>& indices, Generator& random) {
    for (std::size_t i = indices.size(); i > 1; --i)
        std::swap(indices[i - 1], indices[random.below(i)]);
}

}  // namespace

std::string_view name_of(ForwardOutcome outcome) {
    switch (outcome) {
        case ForwardOutcome::kAnswered:
            return "answered";
        case ForwardOutcome::kTimedOut:
            return "timed_out";
        case ForwardOutcome::kUnreachable:
            return "unreachable";
        case ForwardOutcome::kLoop:
            return "loop";
        case ForwardOutcome::kOverloaded:
            return "overloaded";
        case ForwardOutcome::kNoUpstream:
            break;
    }
    return "no_upstream";
}

std::vector<UpstreamServer> Forwarder::upstreams_of(const std::vector<ForwardZone>& zones) {
    std::vector<UpstreamServer> all;
    for (const ForwardZone& zone : zones)
        for (const UpstreamServer& server : zone.upstreams)
            if (std::ranges::find(all, server) == all.end()) all.push_back(server);
    return all;
}

Forwarder::Forwarder(std::vector<ForwardZone> zones, const ForwardLimits& limits,
                     const SecureRandom::Key& seed, std::shared_ptr<LoopWatch> loops)
    : zones_(std::move(zones)),
      limits_(limits),
      pace_(limits.client_rate, limits.client_burst),
      random_(seed),
      loops_(std::move(loops)) {
    limits_.most_lookups = std::min(limits_.most_lookups, kMostLookups);
    const auto servers = upstreams_of(zones_);
    for (const UpstreamServer& server : servers) {
        timers_.set({TimerKind::kLoopProbe, upstreams_.size()}, base::TimePoint{});
        upstreams_.emplace_back().server = server;
    }
    for (const ForwardZone& zone : zones_) {
        auto& indices = zone_upstreams_.emplace_back();
        for (const UpstreamServer& server : zone.upstreams)
            indices.push_back(static_cast<std::size_t>(std::ranges::find(servers, server) - servers.begin()));
    }
    zone_turns_.resize(zones_.size());
}

Ticket Forwarder::ask(base::TimePoint now, const Lookup& lookup,
                      const std::optional<base::IpAddress>& client) {
    const Ticket ticket{++last_id_};
    ++stats_.lookups;
    if (loops_->sight(now, lookup.name)) {
        answer_at_once(lookup, ticket, ForwardOutcome::kLoop);
        return ticket;
    }
    const std::string key{CacheKey{lookup}.bytes()};
    const auto same = jobs_by_key_.find(key);
    std::size_t zone = 0;
    if (same == jobs_by_key_.end() && zone_of(lookup.name, zone) == nullptr) {
        answer_at_once(lookup, ticket, ForwardOutcome::kNoUpstream);
        return ticket;
    }
    if ((same == jobs_by_key_.end() && !may_begin(now, client)) || !may_wait(client)) {
        ++stats_.overloaded;
        answer_at_once(lookup, ticket, ForwardOutcome::kOverloaded);
        return ticket;
    }
    if (same != jobs_by_key_.end()) {
        ++stats_.joined;
        jobs_.at(same->second)->waiters.push_back({ticket, client});
        return ticket;
    }
    const JobId id{++last_id_};
    begin(now, lookup, key, zone, id).waiters.push_back({ticket, client});
    try_next(now, id);
    return ticket;
}

const ForwardZone* Forwarder::zone_of(const Name& name, std::size_t& index) const {
    const ForwardZone* best = nullptr;
    for (const ForwardZone& zone : zones_) {
        const bool longer = best == nullptr || zone.zone.label_count() > best->zone.label_count();
        if (!longer || !name.is_within(zone.zone)) continue;
        best = &zone;
        index = static_cast<std::size_t>(&zone - zones_.data());
    }
    const bool refused =
        best == nullptr || best->upstreams.empty() ||
        std::ranges::any_of(best->except, [&](const Name& except) { return name.is_within(except); });
    return refused ? nullptr : best;
}

bool Forwarder::may_begin(base::TimePoint now, const std::optional<base::IpAddress>& client) {
    return jobs_.size() < limits_.most_lookups && (!client || pace_.admit(now, *client));
}

/// Who may is counted.
bool Forwarder::may_wait(const std::optional<base::IpAddress>& client) {
    if (!client) return true;
    const auto waiting = waiting_by_client_.find(*client);
    if (waiting == waiting_by_client_.end())
        waiting_by_client_.emplace(*client, 1);
    else if (waiting->second < limits_.most_per_client)
        ++waiting->second;
    else
        return false;
    return true;
}

void Forwarder::answer_at_once(const Lookup& lookup, Ticket ticket, ForwardOutcome outcome) {
    Completed completed;
    completed.lookup = lookup;
    completed.tickets = {ticket};
    completed.body = std::make_shared<const ReplyBody>(failure_reply(lookup, code_of(outcome), {}).body);
    completed.outcome = outcome;
    completed_.push_back(std::move(completed));
}

Forwarder::Job& Forwarder::begin(base::TimePoint now, const Lookup& lookup, const std::string& key,
                                 std::size_t zone, JobId id) {
    auto job = std::make_unique<Job>();
    job->lookup = lookup;
    job->key = key;
    job->ttl = &zones_[zone].ttl;
    job->started = now;
    job->candidates = candidates(now, zone);
    jobs_by_key_.emplace(key, id);
    return *jobs_.emplace(id, std::move(job)).first->second;
}

/// The healthy ones in the order of the policy; if none is, all of the others in any order: one of them may
/// be back.
std::vector<std::size_t> Forwarder::candidates(base::TimePoint now, std::size_t zone) {
    std::vector<std::size_t> healthy;
    std::vector<std::size_t> others;
    for (const std::size_t upstream : zone_upstreams_[zone])
        if (!looping(now, upstream))
            (upstreams_[upstream].health.healthy() ? healthy : others).push_back(upstream);
    if (healthy.empty()) {
        shuffle(others, random_);
        return others;
    }
    switch (zones_[zone].policy) {
        case UpstreamPolicy::kRandom:
            shuffle(healthy, random_);
            break;
        case UpstreamPolicy::kRoundRobin: {
            const std::size_t first = zone_turns_[zone]++ % healthy.size();
            std::rotate(healthy.begin(), healthy.begin() + static_cast<std::ptrdiff_t>(first), healthy.end());
            break;
        }
        case UpstreamPolicy::kSequential:
            break;
    }
    return healthy;
}

/// Asks the next upstream whose turn it is, or arranges for the end.
void Forwarder::try_next(base::TimePoint now, JobId id) {
    Job& job = *jobs_.at(id);
    const auto upstream = next_candidate(job);
    const base::TimePoint end = job.started + kBudget;
    const bool may_send = upstream && job.tries < kMostTries && job.exchanges < kMostExchanges && now < end;
    if (!may_send) {
        if (now >= end || !may_still_be_answered(job)) return give_up(now, id);
        return timers_.set({TimerKind::kJob, static_cast<std::uint64_t>(id)}, end);
    }
    ++job.tries;
    send_for(now, id, *upstream, {upstreams_[*upstream].server.transport});
}

/// By an upstream that has not said that it cannot.
bool Forwarder::may_still_be_answered(const Job& job) const {
    return std::ranges::any_of(job.open, [&](ExchangeId open) {
        return std::ranges::find(job.gave_error, exchanges_.at(open).upstream) == job.gave_error.end();
    });
}

std::optional<std::size_t> Forwarder::next_candidate(const Job& job) const {
    for (std::size_t i = 0; i < job.candidates.size(); ++i) {
        const std::size_t upstream = job.candidates[(job.tries + i) % job.candidates.size()];
        if (std::ranges::find(job.gave_error, upstream) == job.gave_error.end()) return upstream;
    }
    return std::nullopt;
}

void Forwarder::give_up(base::TimePoint now, JobId id) {
    Job& job = *jobs_.at(id);
    if (job.error) return finish(now, id, std::move(*job.error), ForwardOutcome::kAnswered, job.error_from);
    ForwardOutcome outcome = ForwardOutcome::kTimedOut;
    if (job.candidates.empty())
        outcome = ForwardOutcome::kLoop;
    else if (!job.heard && job.open.empty() && !job.could_not_send.empty())
        outcome = ForwardOutcome::kUnreachable;
    else
        ++stats_.timed_out;
    auto reply = failure_reply(job.lookup, code_of(outcome), *job.ttl);
    if (!lasts(outcome)) reply.lifetime = {};
    finish(now, id, std::move(reply), outcome, std::nullopt);
}

void Forwarder::finish(base::TimePoint now, JobId id, CheckedReply reply, ForwardOutcome outcome,
                       std::optional<std::size_t> upstream) {
    const auto job = std::move(jobs_.extract(id).mapped());
    jobs_by_key_.erase(job->key);
    timers_.cancel({TimerKind::kJob, static_cast<std::uint64_t>(id)});
    for (const ExchangeId open : job->open)
        nobody_waits(open);
    Completed completed{job->lookup, {}, nullptr, reply.lifetime, outcome, upstream, now - job->started};
    completed.body = std::make_shared<const ReplyBody>(std::move(reply.body));
    for (const Waiter& waiter : job->waiters) {
        completed.tickets.push_back(waiter.ticket);
        if (!waiter.client) continue;
        const auto waiting = waiting_by_client_.find(*waiter.client);
        FAIRLEAD_ASSERT(waiting != waiting_by_client_.end());
        if (--waiting->second == 0) waiting_by_client_.erase(waiting);
    }
    completed_.push_back(std::move(completed));
}

void Forwarder::advance(base::TimePoint now) {
    while (const auto due = timers_.take_due(now)) {
        switch (due->kind) {
            case TimerKind::kJob:
                try_next(now, JobId{due->id});
                break;
            case TimerKind::kExchange:
                silent(now, ExchangeId{due->id});
                break;
            case TimerKind::kHealthProbe:
                probe_health(now, due->id);
                break;
            case TimerKind::kLoopProbe:
                probe_loop(now, due->id);
                break;
        }
    }
}

}  // namespace fairlead::dns
