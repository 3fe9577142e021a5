#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "agent/conntrack_metrics.h"
#include "base/result.h"
#include "conntrack/table_watch.h"
#include "kernel/conntrack/conntrack_table.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// How often the table is looked at.
struct ConntrackWatchPace {
    base::Duration period = std::chrono::seconds(5);
    base::Duration retry_period = std::chrono::minutes(5);  ///< while there is no table
};

/// Looks at the table of tracked connections every few seconds: how full it is, what its counters say. Never
/// lists it, so a look costs the same whatever its size. Shows it as metrics and as the page /conntrack, and
/// tells of a table that fills or loses packets, and when that is over.
///
/// A kernel without ctnetlink, or one that lets us not ask, is told once in the log; the rest of the agent
/// does not need it, and the kernel is asked again every five minutes.
class ConntrackWatch {
  public:
    struct Listener {
        /// A Warning for the Node's Events: "ConntrackTableFilling" and what for people.
        std::function<void(const std::string& reason, const std::string& note)> warn = [](auto&, auto&) {};
        /// The same, of type Normal: what was warned of is over.
        std::function<void(const std::string& reason, const std::string& note)> recovered = [](auto&, auto&) {
        };
        /// There are more entries than ever since the start.
        std::function<void(std::uint32_t entries)> new_peak = [](auto) {};
    };
    using Pace = ConntrackWatchPace;
    using Table = std::unique_ptr<kernel::conntrack::ConntrackTable>;
    using Open = std::function<base::Result<Table>()>;

    /// Looks at once, and then at its pace. `open`: how the table is had.
    ConntrackWatch(net::EventLoop& loop, admin::Metrics& metrics, conntrack::FillPercents percents,
                   Listener listener, Open open = open_kernel_table, Pace pace = {});

    void set_percents(conntrack::FillPercents percents) { watch_.set_percents(percents); }

    /// The page /conntrack.
    [[nodiscard]] std::string page() const;
    /// What of it is a problem now.
    [[nodiscard]] std::vector<std::string> problems() const;

    static base::Result<Table> open_kernel_table();

  private:
    void look();
    base::Result<void> read();
    void take(const conntrack::TableReading& reading);
    void tell_fill(conntrack::Alarm::Word word);
    void tell_dropping(conntrack::Alarm::Word word);
    void on_failure(const base::Error& error);

    net::EventLoop& loop_;
    conntrack::TableWatch watch_;
    ConntrackMetrics metrics_;
    Listener listener_;
    Open open_;
    Pace pace_;
    Table table_;
    std::string error_;  // of the last look; empty if it went well
    bool read_once_ = false;
    net::Subscription next_;
};

}  // namespace fairlead::agent
