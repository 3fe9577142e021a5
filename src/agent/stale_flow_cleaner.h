#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "admin/metrics.h"
#include "conntrack/stale_flows.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "net/event_loop.h"
#include "services/flow_watch.h"

namespace fairlead::agent {

/// Deletes flows that lead to endpoints which are gone, after the kernel's tables are right and apart from
/// the sync, and lets TCP connections that are idle hear of it. What could not be deleted is tried again a
/// second later. Without ctnetlink it says so once.
///
/// Conntrack is asked on a thread of its own, for a walk over 500,000 flows takes up to 0.5 s. That thread
/// gets values and gives values back; all that is decided is decided on the event loop, which never waits for
/// it. What it found is looked at again there: meanwhile the flow's endpoint may have come back.
class StaleFlowCleaner {
  public:
    /// What is known of an address now; nullopt where its flows are none of our business.
    using Current = std::function<std::optional<services::WatchedAddress>(const services::Frontend&)>;

    StaleFlowCleaner(net::EventLoop& loop, admin::Metrics& metrics, Current current);
    /// Waits for what the thread is at.
    ~StaleFlowCleaner();
    StaleFlowCleaner(const StaleFlowCleaner&) = delete;
    StaleFlowCleaner& operator=(const StaleFlowCleaner&) = delete;

    void clean(const std::vector<services::WatchedAddress>& addresses);

  private:
    struct FamilyState {
        base::Family family;
        admin::Histogram& duration;
        admin::Number& deleted;
        conntrack::WatchedServices services;  // still to be looked at
    };
    /// What the thread is given, and gives back with what came of it.
    struct Job {
        std::size_t family = 0;  // its place in families_
        base::TimePoint started{};
        std::optional<kernel::conntrack::NetlinkConntrackTable> table;
        conntrack::WatchedServices services;
        std::vector<kernel::conntrack::Flow> stale;
        std::size_t deleted = 0;
        bool more = false;  // there may be more stale flows than these
        base::Result<void> outcome;
        base::Result<void> woken;  // those that are idle
    };

    void schedule();
    void start_next();
    void run(Job job, void (*work)(Job&), void (StaleFlowCleaner::*then)(Job));
    static void find(Job& job);
    static void remove(Job& job);
    void on_found(Job job);
    void on_removed(Job job);
    void on_failure(Job job);
    void put_back(Job& job);

    net::EventLoop& loop_;
    Current current_;
    std::vector<FamilyState> families_;
    std::optional<kernel::conntrack::NetlinkConntrackTable> table_;  // while no job has it
    bool busy_ = false;
    bool scheduled_ = false;
    bool complained_ = false;
    bool complained_of_idle_ = false;
    net::Subscription retry_;
    /// Results that arrive after this object is gone find it empty.
    std::shared_ptr<StaleFlowCleaner*> self_ = std::make_shared<StaleFlowCleaner*>(this);
    net::EventLoop worker_;  // the thread's
    std::thread thread_;
};

}  // namespace fairlead::agent
