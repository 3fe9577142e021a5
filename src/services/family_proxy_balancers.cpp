#include "services/elements.h"
#include "services/family_proxy.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Result;
using kernel::nftables::Transaction;

// A rolling update goes up and down between two sizes: their chains are not worth removing each time.
constexpr std::size_t kSpareBalancers = 16;

// Kernels before 6.2 count an element that was just deleted as a user of its chain for a moment, and a commit
// that fails makes every later one slow on kernels before November 2025.
constexpr base::Duration kUnlinkedPause = std::chrono::seconds(1);

}  // namespace

Result<void> FamilyProxy::unlink_spare_balancers(SyncReport& report, base::TimePoint now) {
    std::vector<Balancer> spare;
    for (const auto& [balancer, users] : programmed_.balancers)
        if (users == 0) spare.push_back(balancer);
    if (spare.size() <= kSpareBalancers) return {};
    Transaction unlink{table_};
    for (const auto& balancer : spare)
        unlink.delete_element(balancers_of(balancer.origin), balancer_element(balancer));
    FAIRLEAD_CHECK(commit(unlink, report));
    for (const auto& balancer : spare) {
        programmed_.balancers.erase(balancer);
        programmed_.unlinked_balancers.insert(balancer);
    }
    unlinked_at_ = now;
    return {};
}

std::optional<base::TimePoint> FamilyProxy::next_deadline() const {
    if (programmed_.unlinked_balancers.empty()) return std::nullopt;
    return unlinked_at_ + kUnlinkedPause;
}

Result<void> FamilyProxy::remove_unlinked_balancers(SyncReport& report, base::TimePoint now) {
    const auto deadline = next_deadline();
    if (!deadline || now < *deadline) return {};
    Transaction remove{table_};
    for (const auto& balancer : programmed_.unlinked_balancers)
        remove.add(kernel::nftables::DeleteChain{name_of(balancer)});
    auto removed = tables_.commit(remove);
    if (!removed && removed.error().code == base::ErrorCode::kBusy) {
        unlinked_at_ = now;  // another pause
        return {};
    }
    kernel_known_ = removed.has_value();
    if (!removed) return removed;
    ++report.transactions;
    programmed_.unlinked_balancers.clear();
    return {};
}

}  // namespace fairlead::services
