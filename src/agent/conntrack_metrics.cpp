#include "agent/conntrack_metrics.h"

#include <string>

namespace fairlead::agent {

namespace {

constexpr std::string_view kUntilFull = "fairlead_conntrack_seconds_until_full";

double seconds(base::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

ConntrackMetrics::ConntrackMetrics(admin::Metrics& metrics)
    : metrics_(metrics),
      entries_(metrics.gauge("fairlead_conntrack_entries", "Tracked connections of this network namespace.")),
      limit_(metrics.gauge("fairlead_conntrack_limit",
                           "How many connections may be tracked (nf_conntrack_max); 0: no limit.")),
      peak_(
          metrics.gauge("fairlead_conntrack_peak_entries", "The most tracked connections since the start.")),
      level_(metrics.gauge("fairlead_conntrack_level",
                           "How full the table is: 0 normal, 1 warning, 2 critical.")),
      dropping_(
          metrics.gauge("fairlead_conntrack_dropping", "1 while the table loses packets or evicts entries.")),
      read_seconds_(metrics.counter("fairlead_conntrack_read_seconds_total",
                                    "Time that looking at connection tracking took.")),
      failures_(metrics.counter("fairlead_conntrack_read_failures_total",
                                "Looks at connection tracking that failed.")) {
    for (std::size_t i = 0; i < counters_.size(); ++i)
        counters_.at(i) =
            &metrics.counter("fairlead_conntrack_counter_total", "Counters of connection tracking, all CPUs.",
                             {{"counter", std::string(kernel::conntrack::kCpuCounters.at(i).name)}});
}

void ConntrackMetrics::show(const conntrack::TableWatch& watch, base::Duration busy) {
    entries_.set(watch.used());
    limit_.set(watch.max().value_or(0));
    peak_.set(watch.peak());
    level_.set(static_cast<double>(watch.level()));
    dropping_.set(watch.dropping() ? 1 : 0);
    for (std::size_t i = 0; i < counters_.size(); ++i)
        counters_.at(i)->set(static_cast<double>(watch.totals().at(i).value_or(0)));
    read_seconds_.add(seconds(busy));
    show_forecast(watch);
}

void ConntrackMetrics::show_forecast(const conntrack::TableWatch& watch) {
    if (const auto time = watch.until_full())
        metrics_
            .gauge("fairlead_conntrack_seconds_until_full",
                   "When the table will be full, if that can be foreseen.")
            .set(seconds(*time));
    else
        metrics_.forget(kUntilFull, {});
}

}  // namespace fairlead::agent
