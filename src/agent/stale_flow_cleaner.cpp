#include "agent/stale_flow_cleaner.h"

#include <string>
#include <utility>

#include "base/log.h"

namespace fairlead::agent {

namespace {

constexpr base::Duration kRetryPause = std::chrono::seconds(1);

}  // namespace

StaleFlowCleaner::StaleFlowCleaner(net::EventLoop& loop, admin::Metrics& metrics) : loop_(loop) {
    for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
        const admin::MetricLabels labels = {{"ip_family", std::string(base::name_of(family))}};
        // Names and buckets of kube-proxy (pkg/proxy/metrics).
        families_.push_back({family,
                             metrics.histogram("kubeproxy_conntrack_reconciler_sync_duration_seconds",
                                               "Time of one look for stale UDP flows.",
                                               admin::exponential_bounds(0.001, 2, 15), labels),
                             metrics.counter("kubeproxy_conntrack_reconciler_deleted_entries_total",
                                             "Stale UDP flows that were deleted.", labels),
                             {}});
    }
}

void StaleFlowCleaner::clean(const std::vector<services::UdpAddress>& addresses) {
    for (const auto& [frontend, may_answer] : addresses) {
        auto& state = families_[frontend.address.family() == base::Family::kIpv4 ? 0 : 1];
        auto& places = state.services[{frontend.address, frontend.port}];
        places.clear();
        for (const auto& backend : may_answer)
            places.emplace(backend.address, backend.port);
    }
    if (addresses.empty() || std::exchange(scheduled_, true)) return;
    loop_.post([this] { run(); });
}

bool StaleFlowCleaner::open() {
    if (table_) return true;
    auto opened = kernel::conntrack::NetlinkConntrackTable::open();
    if (opened) {
        table_ = *std::move(opened);
    } else if (!std::exchange(complained_, true)) {
        base::log_warning("stale UDP flows cannot be deleted", {{"error", opened.error().message}});
    }
    return table_.has_value();
}

void StaleFlowCleaner::run() {
    scheduled_ = false;
    bool done = open();
    for (auto& state : families_)
        done = done && (state.services.empty() || clean(state));
    if (!done) retry_ = loop_.after(kRetryPause, [this] { run(); });
}

bool StaleFlowCleaner::clean(FamilyState& state) {
    const auto start = loop_.now();
    const auto deleted = conntrack::delete_stale_flows(*table_, state.services);
    state.duration.observe(std::chrono::duration<double>(loop_.now() - start).count());
    if (!deleted) {
        base::log_warning("stale UDP flows not deleted; trying again", {{"error", deleted.error().message}});
        return false;
    }
    state.services.clear();
    state.deleted.add(static_cast<double>(*deleted));
    if (*deleted > 0)
        base::log_info("deleted stale UDP flows",
                       {{"family", base::name_of(state.family)}, {"flows", *deleted}});
    return true;
}

}  // namespace fairlead::agent
