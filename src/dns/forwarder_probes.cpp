// How a Forwarder finds out that an upstream is back, or that it leads back to us.

#include "dns/forwarder.h"

namespace fairlead::dns {

namespace {

/// While an upstream loops it is asked this often whether it still does.
constexpr base::Duration kLoopProbeInterval = std::chrono::seconds(10);
/// Longer than a probe of any worker needs to come round again.
constexpr base::Duration kLoopMemory = std::chrono::seconds(25);

}  // namespace

bool Forwarder::looping(base::TimePoint now, std::size_t upstream) const {
    return loops_->sighted_since(upstream, now - kLoopMemory);
}

/// ". NS": what every resolver has in its cache.
void Forwarder::probe_health(base::TimePoint now, std::size_t upstream) {
    Upstream& to = upstreams_[upstream];
    if (to.health.healthy()) return;
    Exchange probe;
    probe.purpose = Purpose::kHealthProbe;
    probe.upstream = upstream;
    probe.transport = to.server.transport;
    probe.query.type = RecordType::kNs;
    ++to.counters.probes;
    send(now, probe);
    timers_.set({TimerKind::kHealthProbe, upstream}, now + UpstreamHealth::kProbeInterval);
}

void Forwarder::probe_loop(base::TimePoint now, std::size_t upstream) {
    Exchange probe;
    probe.purpose = Purpose::kLoopProbe;
    probe.upstream = upstream;
    probe.transport = upstreams_[upstream].server.transport;
    probe.query.name = loops_->probe_name(upstream);
    probe.query.type = RecordType::kHinfo;
    send(now, probe);
}

void Forwarder::loop_probe_over(base::TimePoint now, const Exchange& exchange) {
    if (loops_->sighted_since(exchange.upstream, exchange.sent))
        timers_.set({TimerKind::kLoopProbe, exchange.upstream}, now + kLoopProbeInterval);
}

std::vector<UpstreamStatus> Forwarder::upstreams(base::TimePoint now) const {
    std::vector<UpstreamStatus> all;
    for (const Upstream& upstream : upstreams_) {
        UpstreamStatus status = upstream.counters;
        status.server = upstream.server;
        status.healthy = upstream.health.healthy();
        status.looping = looping(now, all.size());
        status.keeps_case = upstream.letter_case.mode(now) != CaseKeeping::Mode::kLowerCase;
        status.has_edns = now >= upstream.no_edns_until;
        status.round_trip = upstream.health.round_trip();
        all.push_back(std::move(status));
    }
    return all;
}

}  // namespace fairlead::dns
