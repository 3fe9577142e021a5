#pragma once

#include <array>
#include <optional>

#include "admin/metrics.h"
#include "admin/sync_health.h"
#include "agent/repair_pace.h"
#include "agent/stale_flow_cleaner.h"
#include "agent/sync_metrics.h"
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
    /// See FamilyProxy::forget_connections.
    base::Result<void> forget_connections(base::Family family,
                                          std::vector<kernel::nftables::Element> elements) {
        return proxy_.forget_connections(family, std::move(elements));
    }

    /// Work may wait for twice this before the data plane counts as unhealthy; what failed is tried again
    /// after no longer than this.
    void set_sync_period(base::Duration period);

    /// True once both families reached the kernel, or the one that this kernel can do.
    [[nodiscard]] bool synced_once() const;
    /// Families that are off or stay as they are, and what the kernel lacks.
    [[nodiscard]] std::vector<std::string> problems() const;
    [[nodiscard]] const admin::SyncHealth& health() const { return health_; }
    /// The error of the last attempt; empty when it went well.
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    /// See ServiceProxy.
    std::optional<services::LocalhostPorts> take_localhost_ports() { return proxy_.take_localhost_ports(); }
    [[nodiscard]] const services::ServiceProxy& proxy() const { return proxy_; }
    /// For look-ups: what it syncs, it commits itself.
    [[nodiscard]] kernel::nftables::NftTables& tables() { return tables_; }
    /// Changes whenever what proxy() shows may have changed.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }

  private:
    struct FamilyState {
        base::Family family;
        FamilySyncMetrics metrics;
        bool synced_once = false;
        bool reads_back = true;                 // the next sync does
        std::vector<std::int64_t> triggers_ns;  // of slices that changed since the last sync
        std::string missing_support{};          // what the kernel said when the table could not be made
        bool rests = false;                     // is not tried again before look_again_
        std::size_t missing_features = 0;       // that the log has named
    };

    ServiceSyncer(net::EventLoop& loop, admin::Metrics& metrics, const services::Options& options,
                  kernel::nftables::NetlinkNftTables tables, kernel::nftables::NftMonitor monitor);
    base::Result<void> watch_monitor();
    void schedule();
    [[nodiscard]] double now_seconds() const;
    void sync_all();
    void come_back_for_leftovers();
    /// `wrote` becomes true if the kernel's table had to be changed.
    bool sync_family(FamilyState& state, bool& wrote);
    void on_failure(FamilyState& state, const base::Error& error);
    void turn_off(FamilyState& state, const base::Error& error);
    void note_features(FamilyState& state);
    void look_again_later();
    void look_again();
    void on_success(FamilyState& state);
    void note_first_sync();
    void on_foreign_change();
    /// After a sync that read the tables back because somebody may have changed them.
    void note_repair(bool wrote);

    net::EventLoop& loop_;
    kernel::nftables::NetlinkNftTables netlink_;
    TimedNftTables tables_;
    kernel::nftables::NftMonitor monitor_;
    services::ServiceProxy proxy_;
    SyncMetrics metrics_;
    std::array<FamilyState, 2> families_;
    admin::SyncHealth health_;
    base::TimePoint started_;
    std::string last_error_;
    std::uint64_t generation_ = 0;
    bool writing_allowed_ = false;
    bool scheduled_ = false;
    base::Duration retry_pause_{};
    base::Duration longest_retry_pause_ = std::chrono::seconds(30);
    net::Subscription retry_;
    net::Subscription leftovers_;
    net::Subscription look_again_;
    bool looks_again_ = false;
    net::Subscription repair_;
    RepairPace repair_pace_;
    bool suspicious_ = false;
    StaleFlowCleaner stale_flows_;
    net::Subscription monitor_watch_;
};

}  // namespace fairlead::agent
