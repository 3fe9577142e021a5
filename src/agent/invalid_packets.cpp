#include "agent/invalid_packets.h"

#include <utility>

#include "base/log.h"
#include "services/layout.h"

namespace fairlead::agent {

namespace {

using base::Family;
using base::Result;

constexpr base::Duration kPauseBetweenReads = std::chrono::seconds(5);

admin::Number* packets(admin::Metrics& metrics, Family family, std::string_view hook) {
    return &metrics.counter("fairlead_conntrack_invalid_dropped_packets_total",
                            "Packets in state INVALID that were dropped (conntrack.guard).",
                            {{"ip_family", std::string(base::name_of(family))}, {"hook", std::string(hook)}});
}

}  // namespace

InvalidPackets::InvalidPackets(net::EventLoop& loop, admin::Metrics& metrics, const ServiceSyncer& syncer)
    : loop_(loop),
      syncer_(syncer),
      like_kube_proxy_(metrics.counter("kubeproxy_iptables_ct_state_invalid_dropped_packets_total",
                                       "Forwarded packets in state INVALID that were dropped.")) {
    for (const auto family : {Family::kIpv4, Family::kIpv6})
        for (const auto& [chain, hook] : services::guarded_hooks())
            places_.push_back(
                {family, chain, chain == services::kGuardForward, packets(metrics, family, hook)});
    read_later();
}

void InvalidPackets::read_later() {
    next_ = loop_.after(kPauseBetweenReads, [this] { read(); });
}

void InvalidPackets::read() {
    read_later();
    if (!syncer_.synced_once()) return;
    if (const auto done = read_all(); !done) {
        counts_.reset();
        if (!std::exchange(complained_, true))
            base::log_warning("counters of dropped packets cannot be read; trying on",
                              {{"error", done.error().message}});
        return;
    }
    complained_ = false;
}

Result<void> InvalidPackets::read_all() {
    if (!counts_) {
        FAIRLEAD_TRY(counts_, kernel::nftables::RuleCounts::open());
    }
    for (auto& place : places_) {
        FAIRLEAD_TRY(const auto counts, counts_->of_chain(place.family, services::kTableName, place.chain));
        const auto fresh =
            place.count.take(counts ? counts->packets : 0, syncer_.proxy().proxy(place.family).guard_life());
        place.packets->add(static_cast<double>(fresh));
        if (place.forwarded) like_kube_proxy_.add(static_cast<double>(fresh));
        dropped_ += fresh;
    }
    return {};
}

}  // namespace fairlead::agent
