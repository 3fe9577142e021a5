#pragma once

#include <array>
#include <optional>

#include "base/address.h"
#include "base/time.h"

namespace fairlead::admin {

/// Whether the kernel keeps up with what is wanted, judged as kube-proxy does (pkg/proxy/healthcheck): a
/// family is healthy unless work has been waiting for it for twice the syncPeriod, a minute by default. One
/// that has nothing to do is healthy, also before its first sync.
class SyncHealth {
  public:
    void set_sync_period(base::Duration period) { longest_wait_ = 2 * period; }
    /// There is work for `family`; it waits until synced().
    void queued(base::Family family, base::TimePoint now);
    /// All that was queued for `family` is in the kernel.
    void synced(base::Family family, base::WallTime now);
    /// The family is off: nothing waits for it.
    void turned_off(base::Family family) { of(family).waiting_since.reset(); }

    [[nodiscard]] bool healthy(base::Family family, base::TimePoint now) const;
    /// When the kernel was last known to be as wanted; the epoch before that.
    [[nodiscard]] base::WallTime last_synced(base::Family family) const { return of(family).last_synced; }

  private:
    struct State {
        std::optional<base::TimePoint> waiting_since;
        base::WallTime last_synced;
    };
    [[nodiscard]] const State& of(base::Family family) const {
        return states_[family == base::Family::kIpv4 ? 0 : 1];
    }
    State& of(base::Family family) { return states_[family == base::Family::kIpv4 ? 0 : 1]; }

    base::Duration longest_wait_ = std::chrono::minutes(1);
    std::array<State, 2> states_;
};

}  // namespace fairlead::admin
