#include "agent/local_addresses.h"

#include "base/log.h"

namespace fairlead::agent {

using base::Result;

Result<std::unique_ptr<LocalAddresses>> LocalAddresses::open(net::EventLoop& loop,
                                                             std::function<void()> changed) {
    FAIRLEAD_TRY(auto monitor, kernel::rtnetlink::AddressMonitor::open());
    FAIRLEAD_TRY(auto rtnetlink, kernel::rtnetlink::RtNetlink::open());
    std::unique_ptr<LocalAddresses> addresses{
        new LocalAddresses(std::move(rtnetlink), std::move(monitor), std::move(changed))};
    FAIRLEAD_TRY(addresses->watch_, loop.watch_readable(addresses->monitor_.fd(),
                                                        [self = addresses.get()] { self->on_events(); }));
    FAIRLEAD_CHECK(addresses->read());
    return addresses;
}

Result<void> LocalAddresses::read() {
    FAIRLEAD_TRY(const auto found, rtnetlink_.addresses());
    addresses_.clear();
    for (const auto& address : found)
        addresses_.push_back(address.address);
    return {};
}

void LocalAddresses::on_events() {
    const auto changed = monitor_.drain();
    if (changed && !*changed) return;
    const auto before = addresses_;
    const auto seen = changed ? read() : Result<void>{std::unexpected(changed.error())};
    if (!seen)
        base::log_warning("cannot read the addresses of this node; the last known ones stay in use",
                          {{"error", seen.error().message}});
    if (addresses_ != before) changed_();
}

}  // namespace fairlead::agent
