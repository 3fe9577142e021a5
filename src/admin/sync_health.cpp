#include "admin/sync_health.h"

namespace fairlead::admin {

void SyncHealth::queued(base::Family family, base::TimePoint now) {
    auto& waiting_since = of(family).waiting_since;
    if (!waiting_since) waiting_since = now;
}

void SyncHealth::synced(base::Family family, base::WallTime now) {
    of(family) = {std::nullopt, now};
}

bool SyncHealth::healthy(base::Family family, base::TimePoint now) const {
    const auto& waiting_since = of(family).waiting_since;
    return !waiting_since || now - *waiting_since < longest_wait_;
}

}  // namespace fairlead::admin
