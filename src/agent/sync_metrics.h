#pragma once

#include "admin/metrics.h"
#include "base/address.h"

namespace fairlead::agent {

/// The metrics of the syncs of one family. Names, meaning and buckets are kube-proxy's (pkg/proxy/metrics)
/// where it has the same.
struct FamilySyncMetrics {
    FamilySyncMetrics(admin::Metrics& metrics, base::Family family);

    admin::Histogram& duration;
    admin::Histogram& full_duration;     ///< of syncs that read the table back first
    admin::Histogram& partial_duration;  ///< of all others
    admin::Histogram& programming;       ///< from the change of a Pod to the kernel
    admin::Number& last_synced;
    admin::Number& last_queued;
    admin::Number& failures;
    admin::Number& kernel_seconds;
    admin::Number& frontends;
    admin::Number& endpoints;
};

/// The metrics of what both families share.
struct SyncMetrics {
    explicit SyncMetrics(admin::Metrics& metrics);

    admin::Number& service_changes;
    admin::Number& service_changes_pending;
    admin::Number& endpoint_changes;
    admin::Number& endpoint_changes_pending;
    admin::Number& repairs;
    admin::Number& first_sync_seconds;
    admin::Number& first_sync_kernel_seconds;
};

}  // namespace fairlead::agent
