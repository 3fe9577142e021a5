#include "agent/stale_flow_cleaner.h"

#include <string>
#include <utility>

#include "agent/idle_ends.h"
#include "base/log.h"

namespace fairlead::agent {

namespace {

constexpr base::Duration kRetryPause = std::chrono::seconds(1);

// What is held in memory at a time; where there is more, the table is walked again.
constexpr std::size_t kLargestBatch = 65'536;

void put(conntrack::WatchedServices& services, const services::WatchedAddress& address) {
    const auto& [frontend, may_answer] = address;
    auto& places = services[{frontend.protocol, frontend.address, frontend.port}];
    places.clear();
    for (const auto& backend : may_answer)
        places.emplace(backend.address, backend.port);
}

}  // namespace

StaleFlowCleaner::StaleFlowCleaner(net::EventLoop& loop, admin::Metrics& metrics, Current current)
    : loop_(loop), current_(std::move(current)), thread_([this] { worker_.run(); }) {
    for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
        const admin::MetricLabels labels = {{"ip_family", std::string(base::name_of(family))}};
        // Names and buckets of kube-proxy (pkg/proxy/metrics).
        families_.push_back({family,
                             metrics.histogram("kubeproxy_conntrack_reconciler_sync_duration_seconds",
                                               "Time of one look for stale flows.",
                                               admin::exponential_bounds(0.001, 2, 15), labels),
                             metrics.counter("kubeproxy_conntrack_reconciler_deleted_entries_total",
                                             "Stale flows that were deleted.", labels),
                             {}});
    }
}

StaleFlowCleaner::~StaleFlowCleaner() {
    worker_.stop();
    thread_.join();
}

void StaleFlowCleaner::clean(const std::vector<services::WatchedAddress>& addresses) {
    for (const auto& address : addresses)
        put(families_[address.frontend.address.family() == base::Family::kIpv4 ? 0 : 1].services, address);
    if (!addresses.empty()) schedule();
}

void StaleFlowCleaner::schedule() {
    if (std::exchange(scheduled_, true)) return;
    loop_.post([self = std::weak_ptr(self_)] {
        const auto alive = self.lock();
        if (!alive) return;
        (*alive)->scheduled_ = false;
        (*alive)->start_next();
    });
}

void StaleFlowCleaner::start_next() {
    if (busy_) return;
    for (std::size_t i = 0; i < families_.size(); ++i) {
        if (families_[i].services.empty()) continue;
        Job job;
        job.family = i;
        job.started = loop_.now();
        job.table = std::exchange(table_, std::nullopt);
        job.services = std::exchange(families_[i].services, {});
        return run(std::move(job), &StaleFlowCleaner::find, &StaleFlowCleaner::on_found);
    }
}

void StaleFlowCleaner::run(Job job, void (*work)(Job&), void (StaleFlowCleaner::*then)(Job)) {
    busy_ = true;
    worker_.post([&loop = loop_, self = std::weak_ptr(self_), work, then,
                  job = std::make_shared<Job>(std::move(job))]() mutable {
        work(*job);
        loop.post([self = std::move(self), then, job = std::move(job)] {
            const auto alive = self.lock();
            if (!alive) return;
            (*alive)->busy_ = false;
            ((*alive)->*then)(std::move(*job));
        });
    });
}

void StaleFlowCleaner::find(Job& job) {
    if (!job.table) {
        auto opened = kernel::conntrack::NetlinkConntrackTable::open();
        if (!opened) {
            job.outcome = std::unexpected(std::move(opened).error());
            return;
        }
        job.table = *std::move(opened);
    }
    auto found = conntrack::find_stale_flows(*job.table, job.services, kLargestBatch);
    if (!found) {
        job.outcome = std::unexpected(std::move(found).error());
        return;
    }
    job.stale = *std::move(found);
    job.more = job.stale.size() == kLargestBatch;
}

void StaleFlowCleaner::remove(Job& job) {
    const auto deleted = job.table->delete_flows(job.stale);
    if (!deleted) {
        job.outcome = std::unexpected(deleted.error());
        return;
    }
    job.deleted = *deleted;
    job.woken = wake_idle_ends(job.stale);
}

void StaleFlowCleaner::on_found(Job job) {
    if (!job.outcome) return on_failure(std::move(job));
    conntrack::WatchedServices now;
    for (const auto& flow : job.stale) {
        const auto place = conntrack::service_place_of(flow);
        if (now.contains(place)) continue;
        const auto& [protocol, address, port] = place;
        if (const auto current = current_({address, protocol, port}))
            put(now, *current);
        else
            job.services.erase(place);
    }
    std::erase_if(job.stale, [&](const auto& flow) { return !conntrack::is_stale(flow, now); });
    for (auto& [place, answers] : now)
        job.services[place] = std::move(answers);
    run(std::move(job), &StaleFlowCleaner::remove, &StaleFlowCleaner::on_removed);
}

void StaleFlowCleaner::on_removed(Job job) {
    if (!job.outcome) return on_failure(std::move(job));
    auto& state = families_[job.family];
    table_ = std::move(job.table);
    state.duration.observe(std::chrono::duration<double>(loop_.now() - job.started).count());
    state.deleted.add(static_cast<double>(job.deleted));
    if (job.deleted > 0)
        base::log_info("deleted stale flows",
                       {{"family", base::name_of(state.family)}, {"flows", job.deleted}});
    if (!job.woken && !std::exchange(complained_of_idle_, true))
        base::log_info("connections to removed endpoints that are idle end with their next packet",
                       {{"error", job.woken.error().message}});
    if (job.more) put_back(job);
    start_next();
}

void StaleFlowCleaner::on_failure(Job job) {
    if (job.table)
        base::log_warning("stale flows not deleted; trying again", {{"error", job.outcome.error().message}});
    else if (!std::exchange(complained_, true))
        base::log_warning("stale flows cannot be deleted", {{"error", job.outcome.error().message}});
    table_ = std::move(job.table);
    put_back(job);
    retry_ = loop_.after(kRetryPause, [this] { start_next(); });
}

/// What was told meanwhile is newer.
void StaleFlowCleaner::put_back(Job& job) {
    families_[job.family].services.merge(job.services);
}

}  // namespace fairlead::agent
