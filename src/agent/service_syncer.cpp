#include "agent/service_syncer.h"

#include <algorithm>

#include "base/log.h"

namespace fairlead::agent {

namespace {

using base::Family;
using base::Result;

constexpr base::Duration kFirstRetryPause = std::chrono::milliseconds(100);
constexpr base::Duration kLongestRetryPause = std::chrono::seconds(30);

double unix_seconds(base::WallTime time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void log_sync(Family family, const services::SyncReport& report, double seconds, double kernel_seconds) {
    const auto level =
        report.table_created || report.table_replaced ? base::LogLevel::kInfo : base::LogLevel::kDebug;
    constexpr double kMillisecondsPerSecond = 1000;
    base::log(level, "synced",
              {{"family", base::name_of(family)},
               {"added", report.elements_added},
               {"deleted", report.elements_deleted},
               {"transactions", report.transactions},
               {"milliseconds", seconds * kMillisecondsPerSecond},
               {"kernel_milliseconds", kernel_seconds * kMillisecondsPerSecond},
               {"table", report.table_created    ? "created"
                         : report.table_replaced ? "replaced"
                                                 : "kept"}});
}

}  // namespace

Result<std::unique_ptr<ServiceSyncer>> ServiceSyncer::open(net::EventLoop& loop, admin::Metrics& metrics,
                                                           const services::Options& options) {
    FAIRLEAD_TRY(auto tables, kernel::nftables::NetlinkNftTables::open());
    FAIRLEAD_TRY(auto monitor, kernel::nftables::NftMonitor::open("fairlead", tables.port_id()));
    std::unique_ptr<ServiceSyncer> syncer{
        new ServiceSyncer(loop, metrics, options, std::move(tables), std::move(monitor))};
    FAIRLEAD_CHECK(syncer->watch_monitor());
    return syncer;
}

ServiceSyncer::ServiceSyncer(net::EventLoop& loop, admin::Metrics& metrics, const services::Options& options,
                             kernel::nftables::NetlinkNftTables tables, kernel::nftables::NftMonitor monitor)
    : loop_(loop),
      metrics_(metrics),
      netlink_(std::move(tables)),
      tables_(netlink_),
      monitor_(std::move(monitor)),
      proxy_(options, tables_),
      families_{FamilyState{Family::kIpv4}, FamilyState{Family::kIpv6}},
      started_(loop.now()) {
    netlink_.spare(monitor_);
    register_metrics();
}

void ServiceSyncer::register_metrics() {
    for (auto& state : families_) {
        const admin::MetricLabels labels = {{"ip_family", std::string(base::name_of(state.family))}};
        // Names, meaning and buckets of kube-proxy (pkg/proxy/metrics).
        state.duration = &metrics_.histogram("kubeproxy_sync_proxy_rules_duration_seconds",
                                             "Time of one sync, reading and writing.",
                                             admin::exponential_bounds(0.001, 2, 15), labels);
        state.last_sync = &metrics_.gauge("kubeproxy_sync_proxy_rules_last_timestamp_seconds",
                                          "When the last sync succeeded, in Unix time.", labels);
        state.kernel_seconds = &metrics_.counter("fairlead_sync_kernel_seconds_total",
                                                 "Time that transactions took in the kernel.", labels);
        state.frontends =
            &metrics_.gauge("fairlead_frontends", "Service addresses and ports in the kernel.", labels);
        state.endpoints =
            &metrics_.gauge("fairlead_endpoints", "Endpoints in the kernel, once per frontend.", labels);
    }
    metrics_.counter("fairlead_sync_failures_total", "Syncs that failed and were tried again.");
    metrics_.counter("fairlead_repairs_total",
                     "Changes of others to our tables that were looked at and put right.");
    metrics_.counter("kubeproxy_sync_proxy_rules_service_changes_total",
                     "Changes of Services that were taken in.");
    metrics_.counter("kubeproxy_sync_proxy_rules_endpoint_changes_total",
                     "Changes of EndpointSlices that were taken in.");
}

Result<void> ServiceSyncer::watch_monitor() {
    FAIRLEAD_TRY(monitor_watch_, loop_.watch_readable(monitor_.fd(), [this] { on_foreign_change(); }));
    return {};
}

void ServiceSyncer::on_foreign_change() {
    const auto touched = monitor_.drain();
    if (!touched) base::log_warning("nftables monitor failed", {{"error", touched.error().message}});
    if (touched && !*touched) return;
    base::log_warning("somebody changed our nftables table; looking at it and putting it right");
    metrics_
        .counter("fairlead_repairs_total",
                 "Changes of others to our tables that were looked at and put right.")
        .add();
    proxy_.distrust_kernel();
    schedule();
}

void ServiceSyncer::stage(const kube::ChangeSet& changes) {
    if (changes.services.empty() && changes.slices.empty()) return;
    proxy_.stage(changes);
    for (const auto& change : changes.slices)
        if (change.after && change.after->last_change_trigger_ns != 0)
            triggers_ns_.push_back(change.after->last_change_trigger_ns);
    metrics_
        .counter("kubeproxy_sync_proxy_rules_service_changes_total",
                 "Changes of Services that were taken in.")
        .add(static_cast<double>(changes.services.size()));
    metrics_
        .counter("kubeproxy_sync_proxy_rules_endpoint_changes_total",
                 "Changes of EndpointSlices that were taken in.")
        .add(static_cast<double>(changes.slices.size()));
    schedule();
}

void ServiceSyncer::allow_writing() {
    writing_allowed_ = true;
    schedule();
}

void ServiceSyncer::configure(const services::Options& options) {
    proxy_.configure(options);
    schedule();
}

void ServiceSyncer::schedule() {
    if (!writing_allowed_ || std::exchange(scheduled_, true)) return;
    loop_.post([this] {
        scheduled_ = false;
        sync_all();
    });
}

void ServiceSyncer::sync_all() {
    const bool first = !synced_once();
    bool done = true;
    for (auto& state : families_)
        done = sync_family(state) && done;
    if (!done) {
        retry_pause_ = std::clamp(retry_pause_ * 2, kFirstRetryPause, kLongestRetryPause);
        retry_ = loop_.after(retry_pause_, [this] { schedule(); });
        return;
    }
    retry_pause_ = {};
    retry_.reset();
    last_error_.clear();
    last_updated_ = loop_.wall_now();
    if (first) note_first_sync();
    note_programmed();
}

bool ServiceSyncer::sync_family(FamilyState& state) {
    const auto start = loop_.now();
    const auto report = proxy_.sync(state.family, start);
    const double kernel_seconds = tables_.take_seconds();
    state.kernel_seconds->add(kernel_seconds);
    if (!report) {
        last_error_ = report.error().message;
        base::log_error("sync failed", {{"family", base::name_of(state.family)}, {"error", last_error_}});
        metrics_.counter("fairlead_sync_failures_total", "Syncs that failed and were tried again.").add();
        return false;
    }
    const double seconds = std::chrono::duration<double>(loop_.now() - start).count();
    state.synced_once = true;
    if (report->transactions > 0) log_sync(state.family, *report, seconds, kernel_seconds);
    state.duration->observe(seconds);
    state.last_sync->set(unix_seconds(loop_.wall_now()));
    const auto& programmed = proxy_.proxy(state.family).programmed();
    state.frontends->set(static_cast<double>(programmed.frontends.size()));
    double endpoints = 0;
    for (const auto& [balancer, users] : programmed.balancers)
        endpoints += static_cast<double>(balancer.size) * users;
    state.endpoints->set(endpoints);
    return true;
}

void ServiceSyncer::note_first_sync() {
    const double seconds = std::chrono::duration<double>(loop_.now() - started_).count();
    triggers_ns_.clear();  // from before we were there: not our latency
    metrics_.gauge("fairlead_first_sync_seconds", "From the start of the agent to the first complete sync.")
        .set(seconds);
    const double kernel_seconds = families_[0].kernel_seconds->value() + families_[1].kernel_seconds->value();
    metrics_.gauge("fairlead_first_sync_kernel_seconds", "What of that transactions took in the kernel.")
        .set(kernel_seconds);
    base::log_info("first sync done", {{"seconds", seconds}, {"kernel_seconds", kernel_seconds}});
}

void ServiceSyncer::note_programmed() {
    auto& latency =
        metrics_.histogram("kubeproxy_network_programming_duration_seconds",
                           "From the change of a Pod, as the EndpointSlice controller saw it, to the kernel.",
                           admin::exponential_bounds(0.015625, 2, 17));
    const auto now_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(loop_.wall_now().time_since_epoch()).count();
    constexpr double kNano = 1e-9;
    for (const auto trigger_ns : triggers_ns_)
        latency.observe(std::max(0.0, static_cast<double>(now_ns - trigger_ns) * kNano));
    triggers_ns_.clear();
}

}  // namespace fairlead::agent
