#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "kernel/conntrack/flow_event.h"
#include "kernel/netlink/socket.h"

namespace fairlead::kernel::conntrack {

/// Which events are wanted.
struct FlowEventKinds {
    bool news = true;
    bool updates = true;
    bool destroys = true;
};

/// Watches the flows of the network namespace in which it was opened (NFNLGRP_CONNTRACK_NEW, _UPDATE,
/// _DESTROY). Needs CAP_NET_ADMIN there.
///
/// Kernels from 5.19 on make events only for flows that began while somebody listened
/// (net.netfilter.nf_conntrack_events is 2): open it first and list the flows then, and do not count on the
/// end of an older one. A node that nobody watches pays nothing, one that is watched some 1 KiB for each
/// event that waits.
class ConntrackMonitor {
  public:
    struct Listener {
        std::function<void(const FlowEvent&)> event;
        /// Some events are lost, because they came faster than they were taken in (ENOBUFS): what there is
        /// must be read anew. All events that came before those were handed over already; of the events after
        /// them, some may tell what the new reading shows.
        std::function<void()> lost;
    };

    static constexpr std::size_t kReceiveBytes = std::size_t{1} << 24U;

    /// `receive_bytes`: what may wait. kDenied without CAP_NET_ADMIN.
    static base::Result<ConntrackMonitor> open(Listener listener, FlowEventKinds kinds = {},
                                               std::size_t receive_bytes = kReceiveBytes);

    /// Readable when there is something to drain.
    [[nodiscard]] int fd() const { return socket_.fd(); }

    /// Hands over the events that are waiting, in their order. Ends even if they come in faster than they are
    /// taken: fd() is readable then.
    base::Result<void> drain();

    /// How often events were lost.
    [[nodiscard]] std::uint64_t losses() const { return losses_; }

  private:
    ConntrackMonitor(Listener listener, netlink::Socket socket, std::size_t most_waiting)
        : listener_(std::move(listener)), socket_(std::move(socket)), most_waiting_(most_waiting) {}

    Listener listener_;
    netlink::Socket socket_;
    std::size_t most_waiting_;  ///< datagrams that the buffer can hold
    std::uint64_t losses_ = 0;
};

}  // namespace fairlead::kernel::conntrack
