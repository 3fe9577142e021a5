#include "agent/connection_counters.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/connections_page.h"
#include "base/log.h"
#include "services/connection_counts.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::agent {

namespace {

using base::Family;

admin::Number* pairs(admin::Metrics& metrics, Family family) {
    return &metrics.gauge("fairlead_connection_counters", "Pairs of frontend and endpoint that are counted.",
                          {{"ip_family", std::string(base::name_of(family))}});
}

constexpr base::Duration kShortestPause = std::chrono::seconds(1);
constexpr int kPauseOfBusy = 50;
// One transaction of a few milliseconds; the next reading finds the rest.
constexpr std::size_t kMostForgotten = 4096;

}  // namespace

ConnectionCounters::ConnectionCounters(net::EventLoop& loop, admin::Metrics& metrics, ServiceSyncer& syncer,
                                       LocalhostNodePorts& localhost)
    : loop_(loop),
      syncer_(syncer),
      localhost_(localhost),
      read_seconds_(metrics.counter("fairlead_connection_counters_read_seconds_total",
                                    "Time that reading connection counters took.")),
      pairs_{pairs(metrics, Family::kIpv4), pairs(metrics, Family::kIpv6)},
      metrics_(metrics, {}) {}

void ConnectionCounters::configure(bool counting, const ConnectionMetricsLimits& limits) {
    metrics_.set_limits(limits);
    if (std::exchange(counting_, counting) == counting) return;
    localhost_.count_carried(counting);
    next_.reset();
    readable_.reset();
    dump_.reset();
    family_.reset();
    totals_ = {};
    read_at_ = {};
    for (auto* number : pairs_)
        number->set(0);
    if (counting) read_soon(base::Duration{});
}

void ConnectionCounters::read_soon(base::Duration pause) {
    next_ = loop_.after(pause, [this] { begin(); });
}

void ConnectionCounters::begin() {
    busy_ = {};
    if (!syncer_.synced_once()) return read_soon(kShortestPause);
    if (!dump_) {
        auto opened = kernel::nftables::CountsDump::open();
        if (!opened) return fail(opened.error());
        dump_ = *std::move(opened);
        auto watch = loop_.watch_readable(dump_->fd(), [this] { take(); });
        if (!watch) return fail(watch.error());
        readable_ = *std::move(watch);
    }
    if (!begin(Family::kIpv4) && dump_ && !begin(Family::kIpv6) && dump_) finish();
}

/// False if there is nothing to read in that family.
bool ConnectionCounters::begin(Family family) {
    if (!syncer_.proxy().proxy(family).programmed().layout.counts_connections) return false;
    const auto start = loop_.now();
    const auto begun = dump_->begin(family, services::kTableName, services::kConnections);
    busy_ += loop_.now() - start;
    if (!begun) {
        fail(begun.error());
        return false;
    }
    family_ = family;
    totals_.begin_reading(family);
    return true;
}

void ConnectionCounters::take() {
    if (!family_) return;
    const auto start = loop_.now();
    const auto taken = dump_->take([&](const auto& element, kernel::nftables::Counts counts) {
        if (const auto pair = services::alive_endpoint_of(element.key, *family_))
            totals_.note(pair->first, pair->second, counts.packets);
    });
    if (!taken) return fail(taken.error());
    if (*taken) {
        const auto& proxy = syncer_.proxy();
        const auto fresh =
            totals_.finish_reading(*family_, proxy.proxy(*family_).programmed(),
                                   [&](const auto& frontend) { return services::owner_of(proxy, frontend); });
        for (const auto& [port, connections] : fresh)
            metrics_.add(port, connections);
        pairs_.at(*family_ == Family::kIpv4 ? 0 : 1)->set(static_cast<double>(totals_.pair_count(*family_)));
        forget_what_nobody_needs();
    }
    busy_ += loop_.now() - start;
    if (!*taken) return;
    const auto family = std::exchange(family_, std::nullopt);
    if (family == Family::kIpv4 && begin(Family::kIpv6)) return;
    if (dump_) finish();
}

void ConnectionCounters::finish() {
    const auto start = loop_.now();
    for (const auto& [port, connections] : totals_.add_carried(localhost_.take_carried()))
        metrics_.add(port, connections);
    const auto there = [this](const kube::ObjectKey& service) { return is_there(service); };
    totals_.drop_unless(there);
    metrics_.drop_unless(there);
    show_endpoints();
    busy_ += loop_.now() - start;
    read_seconds_.add(std::chrono::duration<double>(busy_).count());
    read_at_ = loop_.wall_now();
    complained_ = false;
    read_soon(std::max(kShortestPause, kPauseOfBusy * busy_));
}

void ConnectionCounters::show_endpoints() {
    if (!metrics_.limits().per_endpoint) return;
    std::map<std::pair<kube::ObjectKey, services::Backend>, std::uint64_t> sums;
    totals_.for_each_endpoint(
        [&](const auto& frontend) { return services::owner_of(syncer_.proxy(), frontend); },
        [&](const auto& service, const auto& backend, std::uint64_t connections) {
            sums[{service, backend}] += connections;
        });
    for (const auto& [endpoint, connections] : sums)
        metrics_.set_endpoint(endpoint.first, endpoint.second, connections);
    metrics_.end_endpoints();
}

void ConnectionCounters::forget_what_nobody_needs() {
    const auto& programmed = syncer_.proxy().proxy(*family_).programmed();
    auto elements = totals_.forgettable(*family_, programmed, kMostForgotten);
    // One that is not there any more costs nothing but another attempt, after it was missed.
    if (!elements.empty() && syncer_.forget_connections(*family_, elements))
        totals_.forget(*family_, elements);
}

void ConnectionCounters::fail(const base::Error& error) {
    readable_.reset();
    dump_.reset();
    family_.reset();
    // Somebody has just removed the set, and it will be put right: nothing to tell.
    if (error.code != base::ErrorCode::kNotFound && !std::exchange(complained_, true))
        base::log_warning("connection counters cannot be read; trying on", {{"error", error.message}});
    read_soon(kShortestPause);
}

bool ConnectionCounters::is_there(const kube::ObjectKey& service) const {
    const auto* entry = syncer_.proxy().catalog().find(service);
    return entry != nullptr && entry->service != nullptr;
}

base::Result<std::string> ConnectionCounters::page(std::string_view query) const {
    return connections_json({counting_, read_at_}, totals_, syncer_.proxy(), query);
}

}  // namespace fairlead::agent
