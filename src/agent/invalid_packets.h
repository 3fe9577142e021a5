#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "admin/metrics.h"
#include "agent/service_syncer.h"
#include "kernel/nftables/rule_counts.h"
#include "net/event_loop.h"
#include "services/growing_count.h"

namespace fairlead::agent {

/// Reads every few seconds how many packets in state INVALID the guard has dropped: six rules, however many
/// Services there are. Pages and metrics show the last reading.
class InvalidPackets {
  public:
    InvalidPackets(net::EventLoop& loop, admin::Metrics& metrics, const ServiceSyncer& syncer);

    /// In both families and all hooks, since the rules were there when the agent first looked.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    struct Place {
        base::Family family;
        std::string_view chain;
        bool forwarded;
        admin::Number* packets;
        services::GrowingCount count{};
    };

    void read_later();
    void read();
    base::Result<void> read_all();

    net::EventLoop& loop_;
    const ServiceSyncer& syncer_;
    admin::Number& like_kube_proxy_;
    std::vector<Place> places_;
    std::uint64_t dropped_ = 0;
    std::optional<kernel::nftables::RuleCounts> counts_;
    bool complained_ = false;
    net::Subscription next_;
};

}  // namespace fairlead::agent
