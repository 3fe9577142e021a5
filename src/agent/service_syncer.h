#pragma once

#include <array>
#include <optional>

#include "admin/metrics.h"
#include "agent/timed_nft_tables.h"
#include "kernel/nftables/monitor.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "net/event_loop.h"
#include "services/service_proxy.h"

namespace fairlead::agent {

/// Drives the Service data plane: writes staged changes as soon as the event loop is free, tries again after
/// errors with growing pauses, and repairs what somebody else changes in our tables.
class ServiceSyncer {
  public:
    /// Opens the kernel's tables of this network namespace. kDenied without CAP_NET_ADMIN.
    static base::Result<std::unique_ptr<ServiceSyncer>> open(net::EventLoop& loop, admin::Metrics& metrics,
                                                             const services::Options& options);

    /// Takes changes in; nothing is written before allow_writing().
    void stage(const kube::ChangeSet& changes);
    /// Services and EndpointSlices are all there: what is staged may replace what the kernel has.
    void allow_writing();
    void configure(const services::Options& options);

    /// True once both families reached the kernel.
    [[nodiscard]] bool synced_once() const { return families_[0].synced_once && families_[1].synced_once; }
    /// When the kernel was last known to be as wanted.
    [[nodiscard]] base::WallTime last_updated() const { return last_updated_; }
    /// The error of the last attempt; empty when it went well.
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    [[nodiscard]] const services::ServiceProxy& proxy() const { return proxy_; }

  private:
    struct FamilyState {
        base::Family family;
        bool synced_once = false;
        admin::Histogram* duration = nullptr;
        admin::Number* last_sync = nullptr;
        admin::Number* kernel_seconds = nullptr;
        admin::Number* frontends = nullptr;
        admin::Number* endpoints = nullptr;
    };

    ServiceSyncer(net::EventLoop& loop, admin::Metrics& metrics, const services::Options& options,
                  kernel::nftables::NetlinkNftTables tables, kernel::nftables::NftMonitor monitor);
    base::Result<void> watch_monitor();
    void register_metrics();
    void schedule();
    void sync_all();
    bool sync_family(FamilyState& state);
    void note_first_sync();
    void note_programmed();
    void on_foreign_change();

    net::EventLoop& loop_;
    admin::Metrics& metrics_;
    kernel::nftables::NetlinkNftTables netlink_;
    TimedNftTables tables_;
    kernel::nftables::NftMonitor monitor_;
    services::ServiceProxy proxy_;
    std::array<FamilyState, 2> families_;
    std::vector<std::int64_t> triggers_ns_;  // of slices that changed since the last sync
    base::TimePoint started_;
    base::WallTime last_updated_{};
    std::string last_error_;
    bool writing_allowed_ = false;
    bool scheduled_ = false;
    base::Duration retry_pause_{};
    net::Subscription retry_;
    net::Subscription monitor_watch_;
};

}  // namespace fairlead::agent
