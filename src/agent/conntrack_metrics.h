#pragma once

#include <array>

#include "admin/metrics.h"
#include "base/time.h"
#include "conntrack/table_watch.h"

namespace fairlead::agent {

/// fairlead_conntrack_*: what a TableWatch knows, as metrics.
class ConntrackMetrics {
  public:
    explicit ConntrackMetrics(admin::Metrics& metrics);

    /// Shows what `watch` knows after a reading that took `busy`.
    void show(const conntrack::TableWatch& watch, base::Duration busy);
    void count_failure() { failures_.add(); }

  private:
    void show_forecast(const conntrack::TableWatch& watch);

    admin::Metrics& metrics_;
    admin::Number& entries_;
    admin::Number& limit_;
    admin::Number& peak_;
    admin::Number& level_;
    admin::Number& dropping_;
    admin::Number& read_seconds_;
    admin::Number& failures_;
    std::array<admin::Number*, conntrack::kCounterCount> counters_{};
};

}  // namespace fairlead::agent
