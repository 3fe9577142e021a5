#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/address.h"
#include "kernel/rtnetlink/address_monitor.h"
#include "kernel/rtnetlink/rtnetlink.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// The addresses of this network namespace, as they come and go.
class LocalAddresses {
  public:
    /// `changed` is called after each change of current().
    static base::Result<std::unique_ptr<LocalAddresses>> open(net::EventLoop& loop,
                                                              std::function<void()> changed);

    /// In the kernel's order: by device, then by age.
    [[nodiscard]] const std::vector<base::IpAddress>& current() const { return addresses_; }
    /// See RtNetlink::source_towards.
    base::Result<base::IpAddress> source_towards(const kernel::rtnetlink::RouteQuery& query) {
        return rtnetlink_.source_towards(query);
    }

  private:
    LocalAddresses(kernel::rtnetlink::RtNetlink rtnetlink, kernel::rtnetlink::AddressMonitor monitor,
                   std::function<void()> changed)
        : rtnetlink_(std::move(rtnetlink)), monitor_(std::move(monitor)), changed_(std::move(changed)) {}
    base::Result<void> read();
    void on_events();

    kernel::rtnetlink::RtNetlink rtnetlink_;
    kernel::rtnetlink::AddressMonitor monitor_;
    std::function<void()> changed_;
    std::vector<base::IpAddress> addresses_;
    net::Subscription watch_;
};

}  // namespace fairlead::agent
