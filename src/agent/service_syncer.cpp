#include "agent/service_syncer.h"

#include <algorithm>

#include "base/log.h"
#include "services/feature_problems.h"

namespace fairlead::agent {

namespace {

using base::Family;
using base::Result;

constexpr base::Duration kFirstRetryPause = std::chrono::milliseconds(100);
// For a module that somebody loads after all.
constexpr base::Duration kLookAgainPause = std::chrono::minutes(5);

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
      netlink_(std::move(tables)),
      tables_(netlink_),
      monitor_(std::move(monitor)),
      proxy_(options, tables_),
      metrics_(metrics),
      families_{FamilyState{Family::kIpv4, {metrics, Family::kIpv4}, false, true, {}},
                FamilyState{Family::kIpv6, {metrics, Family::kIpv6}, false, true, {}}},
      started_(loop.now()),
      stale_flows_(loop, metrics,
                   [this](const services::Frontend& frontend) { return proxy_.watched_address(frontend); }) {
    netlink_.spare(monitor_);
}

Result<void> ServiceSyncer::watch_monitor() {
    FAIRLEAD_TRY(monitor_watch_, loop_.watch_readable(monitor_.fd(), [this] { on_foreign_change(); }));
    return {};
}

void ServiceSyncer::on_foreign_change() {
    const auto touched = monitor_.drain();
    if (!touched) base::log_warning("nftables monitor failed", {{"error", touched.error().message}});
    if (touched && !*touched) return;
    base::log_debug("somebody may have changed our nftables tables; looking at them", {});
    for (auto& state : families_) {
        state.reads_back = true;
        // What the kernel refused may have been somebody's doing.
        if (proxy_.proxy(state.family).has_table()) state.rests = false;
    }
    suspicious_ = true;
    proxy_.distrust_kernel();
    const auto pause = repair_pace_.pause(loop_.now());
    if (pause == base::Duration{}) return schedule();
    repair_ = loop_.after(pause, [this] { schedule(); });
}

void ServiceSyncer::note_repair(bool wrote) {
    if (!std::exchange(suspicious_, false) || !wrote) return;
    base::log_warning("somebody had changed our nftables tables; they are put right", {});
    metrics_.repairs.add();
    repair_pace_.repaired(loop_.now());
}

void ServiceSyncer::stage(const kube::ChangeSet& changes) {
    if (changes.services.empty() && changes.slices.empty()) return;
    proxy_.stage(changes);
    ++generation_;
    for (const auto& change : changes.slices)
        if (change.after && change.after->last_change_trigger_ns != 0)
            families_[change.after->family == Family::kIpv4 ? 0 : 1].triggers_ns.push_back(
                change.after->last_change_trigger_ns);
    const auto services = static_cast<double>(changes.services.size());
    const auto slices = static_cast<double>(changes.slices.size());
    metrics_.service_changes.add(services);
    metrics_.service_changes_pending.add(services);
    metrics_.endpoint_changes.add(slices);
    metrics_.endpoint_changes_pending.add(slices);
    schedule();
}

void ServiceSyncer::allow_writing() {
    writing_allowed_ = true;
    schedule();
}

void ServiceSyncer::configure(const services::Options& options) {
    if (proxy_.configure(options)) schedule();
}

void ServiceSyncer::set_sync_period(base::Duration period) {
    health_.set_sync_period(period);
    longest_retry_pause_ = period;
}

double ServiceSyncer::now_seconds() const {
    return std::chrono::duration<double>(loop_.wall_now().time_since_epoch()).count();
}

void ServiceSyncer::schedule() {
    if (!writing_allowed_) return;
    for (auto& state : families_) {
        if (state.rests) continue;
        health_.queued(state.family, loop_.now());
        state.metrics.last_queued.set(now_seconds());
    }
    if (std::exchange(scheduled_, true)) return;
    loop_.post([this] {
        scheduled_ = false;
        sync_all();
    });
}

void ServiceSyncer::sync_all() {
    ++generation_;
    const bool first = !synced_once();
    bool done = true;
    bool wrote = false;
    for (auto& state : families_)
        done = sync_family(state, wrote) && done;
    if (!done) {
        retry_pause_ =
            std::clamp(retry_pause_ * 2, kFirstRetryPause, std::max(kFirstRetryPause, longest_retry_pause_));
        retry_ = loop_.after(retry_pause_, [this] { schedule(); });
        return;
    }
    retry_pause_ = {};
    retry_.reset();
    if (!synced_once()) return;  // no family can be done
    last_error_.clear();
    metrics_.service_changes_pending.set(0);
    metrics_.endpoint_changes_pending.set(0);
    if (first) note_first_sync();
    note_repair(wrote);
    stale_flows_.clean(proxy_.take_watched_addresses());
    come_back_for_leftovers();
}

void ServiceSyncer::come_back_for_leftovers() {
    leftovers_.reset();
    for (const auto& state : families_)
        if (const auto deadline = proxy_.proxy(state.family).next_deadline())
            leftovers_ = loop_.after(*deadline - loop_.now(), [this] { schedule(); });
}

bool ServiceSyncer::synced_once() const {
    const auto in_kernel = [](const FamilyState& state) { return state.synced_once; };
    const auto settled = [](const FamilyState& state) {
        return state.synced_once || !state.missing_support.empty();
    };
    return std::ranges::any_of(families_, in_kernel) && std::ranges::all_of(families_, settled);
}

std::vector<std::string> ServiceSyncer::problems() const {
    std::vector<std::string> problems;
    for (const auto& state : families_) {
        const auto& proxy = proxy_.proxy(state.family);
        if (!state.missing_support.empty())
            problems.push_back("Services of " + std::string(base::name_of(state.family)) +
                               (proxy.has_table() ? " stay as they are, this kernel refuses a change: "
                                                  : " are off, this kernel cannot do them: ") +
                               state.missing_support);
        else
            std::ranges::move(services::feature_problems(proxy_.catalog(), proxy),
                              std::back_inserter(problems));
    }
    return problems;
}

bool ServiceSyncer::sync_family(FamilyState& state, bool& wrote) {
    if (state.rests) return true;
    const auto start = loop_.now();
    const auto report = proxy_.sync(state.family, start);
    const double kernel_seconds = tables_.take_seconds();
    state.metrics.kernel_seconds.add(kernel_seconds);
    if (!report) {
        on_failure(state, report.error());
        return state.rests;
    }
    const double seconds = std::chrono::duration<double>(loop_.now() - start).count();
    wrote = wrote || report->transactions > 0;
    if (report->transactions > 0) log_sync(state.family, *report, seconds, kernel_seconds);
    state.metrics.duration.observe(seconds);
    (state.reads_back ? state.metrics.full_duration : state.metrics.partial_duration).observe(seconds);
    on_success(state);
    return true;
}

void ServiceSyncer::on_failure(FamilyState& state, const base::Error& error) {
    state.reads_back = true;
    state.metrics.failures.add();
    last_error_ = error.message;
    if (proxy_.proxy(state.family).kernel_lacks_support()) return turn_off(state, error);
    base::log_error("sync failed", {{"family", base::name_of(state.family)}, {"error", last_error_}});
}

void ServiceSyncer::turn_off(FamilyState& state, const base::Error& error) {
    if (state.missing_support != error.message)
        base::log_error(proxy_.proxy(state.family).has_table()
                            ? "this kernel refuses a change of Services of this family; they stay as they are"
                            : "this kernel cannot do Services of this family; they are off",
                        {{"family", base::name_of(state.family)}, {"error", error.message}});
    state.missing_support = error.message;
    state.rests = true;
    health_.turned_off(state.family);
    look_again_later();
}

void ServiceSyncer::note_features(FamilyState& state) {
    const auto& proxy = proxy_.proxy(state.family);
    const auto missing = proxy.features().missing().size();
    if (std::exchange(state.missing_features, missing) < missing)
        for (const auto& problem : services::feature_problems(proxy_.catalog(), proxy))
            base::log_error("this kernel cannot do all of it", {{"problem", problem}});
    if (missing > 0) look_again_later();
}

void ServiceSyncer::look_again_later() {
    if (std::exchange(looks_again_, true)) return;
    look_again_ = loop_.after(kLookAgainPause, [this] { look_again(); });
}

void ServiceSyncer::look_again() {
    looks_again_ = false;
    for (auto& state : families_) {
        state.rests = false;
        const auto found = proxy_.look_for_features(state.family);
        if (!found)
            base::log_warning("cannot ask the kernel what it can do", {{"error", found.error().message}});
        if (!found || !*found) continue;
        base::log_info("this kernel can do more now", {{"family", base::name_of(state.family)}});
        state.reads_back = true;
    }
    schedule();
}

void ServiceSyncer::on_success(FamilyState& state) {
    state.reads_back = false;
    note_features(state);
    if (!std::exchange(state.missing_support, {}).empty())
        base::log_info("this kernel can do the family now", {{"family", base::name_of(state.family)}});
    health_.synced(state.family, loop_.wall_now());
    state.metrics.last_synced.set(now_seconds());
    const auto& programmed = proxy_.proxy(state.family).programmed();
    state.metrics.frontends.set(static_cast<double>(programmed.frontends.size()));
    state.metrics.endpoints.set(static_cast<double>(programmed.endpoint_count));
    constexpr double kNano = 1e-9;
    // What changed before we were there is not our latency.
    const bool counts = std::exchange(state.synced_once, true);
    for (const auto trigger_ns : std::exchange(state.triggers_ns, {}))
        if (counts)
            state.metrics.programming.observe(
                std::max(0.0, now_seconds() - static_cast<double>(trigger_ns) * kNano));
}

void ServiceSyncer::note_first_sync() {
    const double seconds = std::chrono::duration<double>(loop_.now() - started_).count();
    const double kernel_seconds =
        families_[0].metrics.kernel_seconds.value() + families_[1].metrics.kernel_seconds.value();
    metrics_.first_sync_seconds.set(seconds);
    metrics_.first_sync_kernel_seconds.set(kernel_seconds);
    base::log_info("first sync done", {{"seconds", seconds}, {"kernel_seconds", kernel_seconds}});
}

}  // namespace fairlead::agent
