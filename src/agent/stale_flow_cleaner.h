#pragma once

#include <optional>
#include <vector>

#include "admin/metrics.h"
#include "conntrack/stale_flows.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "net/event_loop.h"
#include "services/udp_addresses.h"

namespace fairlead::agent {

/// Deletes UDP flows that lead to endpoints which are gone, after the kernel's tables are right and apart
/// from the sync. What could not be deleted is tried again a second later. Without ctnetlink it says so once.
class StaleFlowCleaner {
  public:
    StaleFlowCleaner(net::EventLoop& loop, admin::Metrics& metrics);

    void clean(const std::vector<services::UdpAddress>& addresses);

  private:
    struct FamilyState {
        base::Family family;
        admin::Histogram& duration;
        admin::Number& deleted;
        conntrack::UdpServices services;  // still to be looked at
    };

    bool open();
    void run();
    bool clean(FamilyState& state);

    net::EventLoop& loop_;
    std::vector<FamilyState> families_;
    std::optional<kernel::conntrack::NetlinkConntrackTable> table_;
    bool scheduled_ = false;
    bool complained_ = false;
    net::Subscription retry_;
};

}  // namespace fairlead::agent
