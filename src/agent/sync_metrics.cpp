#include "agent/sync_metrics.h"

#include <string>

namespace fairlead::agent {

namespace {

admin::MetricLabels of(base::Family family) {
    return {{"ip_family", std::string(base::name_of(family))}};
}

std::vector<double> sync_bounds() {
    return admin::exponential_bounds(0.001, 2, 15);
}

/// 0.25, 0.5, every second to 59, every fifth to 115, every thirtieth to 300.
std::vector<double> programming_bounds() {
    std::vector<double> bounds = {0.25, 0.5};
    const auto append = [&](int first, int step, int count) {
        for (int i = 0; i < count; ++i)
            bounds.push_back(first + i * step);
    };
    append(1, 1, 59);
    append(60, 5, 12);
    append(120, 30, 7);
    return bounds;
}

}  // namespace

FamilySyncMetrics::FamilySyncMetrics(admin::Metrics& metrics, base::Family family)
    : duration(metrics.histogram("kubeproxy_sync_proxy_rules_duration_seconds",
                                 "Time of one sync, reading and writing.", sync_bounds(), of(family))),
      full_duration(metrics.histogram("kubeproxy_sync_full_proxy_rules_duration_seconds",
                                      "Time of one sync that read the whole table back.", sync_bounds(),
                                      of(family))),
      partial_duration(metrics.histogram("kubeproxy_sync_partial_proxy_rules_duration_seconds",
                                         "Time of one sync that wrote changes only.", sync_bounds(),
                                         of(family))),
      programming(metrics.histogram(
          "kubeproxy_network_programming_duration_seconds",
          "From the change of a Pod, as the EndpointSlice controller saw it, to the kernel.",
          programming_bounds(), of(family))),
      last_synced(metrics.gauge("kubeproxy_sync_proxy_rules_last_timestamp_seconds",
                                "When the last sync succeeded, in Unix time.", of(family))),
      last_queued(metrics.gauge("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
                                "When a sync was last asked for, in Unix time.", of(family))),
      failures(metrics.counter("kubeproxy_sync_proxy_rules_nftables_sync_failures_total",
                               "Syncs that failed and were tried again.", of(family))),
      kernel_seconds(metrics.counter("fairlead_sync_kernel_seconds_total",
                                     "Time that transactions took in the kernel.", of(family))),
      frontends(
          metrics.gauge("fairlead_frontends", "Service addresses and ports in the kernel.", of(family))),
      endpoints(
          metrics.gauge("fairlead_endpoints", "Endpoints in the kernel, once per frontend.", of(family))) {}

SyncMetrics::SyncMetrics(admin::Metrics& metrics)
    : service_changes(metrics.counter("kubeproxy_sync_proxy_rules_service_changes_total",
                                      "Changes of Services that were taken in.")),
      service_changes_pending(metrics.gauge("kubeproxy_sync_proxy_rules_service_changes_pending",
                                            "Changes of Services that are not in the kernel yet.")),
      endpoint_changes(metrics.counter("kubeproxy_sync_proxy_rules_endpoint_changes_total",
                                       "Changes of EndpointSlices that were taken in.")),
      endpoint_changes_pending(metrics.gauge("kubeproxy_sync_proxy_rules_endpoint_changes_pending",
                                             "Changes of EndpointSlices that are not in the kernel yet.")),
      repairs(metrics.counter("fairlead_repairs_total",
                              "Changes of others to our tables that were looked at and put right.")),
      first_sync_seconds(metrics.gauge("fairlead_first_sync_seconds",
                                       "From the start of the agent to the first complete sync.")),
      first_sync_kernel_seconds(metrics.gauge("fairlead_first_sync_kernel_seconds",
                                              "What of that transactions took in the kernel.")) {}

}  // namespace fairlead::agent
