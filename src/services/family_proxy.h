#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/nft_tables.h"
#include "services/programmed_table.h"
#include "services/wanted_state.h"

namespace fairlead::services {

/// What the data plane is told about its cluster.
struct Options {
    std::string node_name;
    std::vector<base::Prefix> cluster_cidrs;  ///< empty: no source is masqueraded but for hairpins
    std::vector<base::Prefix> service_cidrs;
    /// Larger changes go in several transactions. The default is about 2 MB of netlink and 20 ms in the
    /// kernel; what a larger one would save is under 2 %.
    std::size_t transaction_elements = 16'384;
};

/// What a sync did to the kernel.
struct SyncReport {
    std::size_t transactions = 0;
    std::size_t elements_added = 0;
    std::size_t elements_deleted = 0;
    bool table_created = false;   ///< there was none
    bool table_replaced = false;  ///< there was one that was not ours
};

/// Keeps the kernel's table of one family at what the Services want.
///
/// The first sync, and the first after distrust_kernel(), reads the table back and writes only the
/// difference. Large differences go in several transactions, each atomic, so that the kernel's lock is never
/// held for long; all that concerns one frontend is in one of them.
class FamilyProxy {
  public:
    FamilyProxy(base::Family family, Options options, const ServiceCatalog& catalog,
                kernel::nftables::NftTables& tables);

    /// Takes in that these Services or their slices changed. Writes nothing.
    void update(std::span<const ServiceId> services);

    /// Changes the options; all Services are compiled anew if the node name changes.
    void configure(Options options);

    /// Somebody else may have changed the table.
    void distrust_kernel() { kernel_known_ = false; }

    /// Writes what is wanted and not there. After an error what was not written stays wanted: call again
    /// later.
    base::Result<SyncReport> sync();

    [[nodiscard]] const WantedState& wanted() const { return wanted_; }
    [[nodiscard]] const ProgrammedTable& programmed() const { return programmed_; }
    [[nodiscard]] bool has_pending() const { return !kernel_known_ || wanted_.has_changes(); }

  private:
    base::Result<void> learn_kernel();
    void mark_all_changed();
    base::Result<void> write_changes(SyncReport& report);
    base::Result<void> write_cidrs(SyncReport& report);
    base::Result<void> unlink_spare_balancers(SyncReport& report);
    base::Result<void> remove_unlinked_balancers(SyncReport& report);
    base::Result<void> commit(const kernel::nftables::Transaction& transaction, SyncReport& report);

    base::Family family_;
    Options options_;
    kernel::nftables::Table table_;
    const ServiceCatalog& catalog_;
    kernel::nftables::NftTables& tables_;
    WantedState wanted_;
    ProgrammedTable programmed_;
    bool kernel_known_ = false;
    KernelState kernel_state_ = KernelState::kAbsent;
};

}  // namespace fairlead::services
