#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kernel/nftables/nft_tables.h"
#include "services/options.h"
#include "services/programmed_table.h"
#include "services/wanted_state.h"

namespace fairlead::services {

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

    /// Changes the options; all Services are compiled anew if what they become depends on the change.
    void configure(Options options);

    /// Somebody else may have changed the table.
    void distrust_kernel() { kernel_known_ = false; }

    /// Writes what is wanted and not there. After an error what was not written stays wanted: call again
    /// later.
    base::Result<SyncReport> sync(base::TimePoint now);

    /// The last sync failed because the kernel lacks something that cannot be done without: the family, or an
    /// expression. Another sync soon will not help.
    [[nodiscard]] bool kernel_lacks_support() const { return kernel_lacks_support_; }
    /// The kernel has a table of ours, though it may be behind.
    [[nodiscard]] bool has_table() const { return kernel_state_ == KernelState::kOurs; }

    /// What the kernel turned out to lack; a sync that it refuses finds it out, and goes on without.
    [[nodiscard]] const KernelFeatures& features() const { return features_; }
    /// Asks for what is missing again: a module may have been loaded. True if there is something to write.
    base::Result<bool> look_for_features();

    /// Frontends that the kernel's table had when it was read though no Service has them: what went while
    /// nobody looked. Those since the last call.
    std::vector<Frontend> take_leftovers() { return std::exchange(leftovers_, {}); }

    /// Removes counts from `connections`; all of these elements or, if one is not there, none.
    base::Result<void> forget_connections(std::vector<kernel::nftables::Element> elements);

    /// When there will be something to write again though nothing changes: chains that are not used any more
    /// are removed a while later.
    [[nodiscard]] std::optional<base::TimePoint> next_deadline() const;

    [[nodiscard]] base::Family family() const { return family_; }
    /// As far as the kernel can do them.
    [[nodiscard]] const Options& options() const { return options_; }
    /// As they were given.
    [[nodiscard]] const Options& asked_options() const { return asked_; }
    [[nodiscard]] const WantedState& wanted() const { return wanted_; }
    [[nodiscard]] const ProgrammedTable& programmed() const { return programmed_; }
    /// Changes whenever the rules of the guard are made, and with them their counters.
    [[nodiscard]] std::uint64_t guard_life() const { return guard_life_; }
    [[nodiscard]] bool has_pending() const { return !kernel_known_ || wanted_.has_changes(); }

  private:
    base::Result<SyncReport> sync_once(base::TimePoint now);
    /// After a refusal: true if the kernel lacks what we did not know of.
    base::Result<bool> learn_features();
    void set_features(KernelFeatures features);
    void apply_options();
    base::Result<void> learn_kernel(SyncReport& report);
    [[nodiscard]] bool has_programmed_balancers(const ProgrammedTable& found) const;
    /// Nothing but elements of a table that we know is wrong: puts them right, and the table is as it was.
    base::Result<void> repair(SyncReport& report);
    void mark_all_changed();
    base::Result<void> write_changes(SyncReport& report);
    base::Result<void> write_configured(SyncReport& report);
    void append_configured_to(kernel::nftables::Transaction& transaction) const;
    base::Result<void> write_counting(SyncReport& report);
    base::Result<void> write_guard(SyncReport& report);
    base::Result<void> write_all_service_endpoints(SyncReport& report);
    base::Result<void> unlink_spare_balancers(SyncReport& report, base::TimePoint now);
    base::Result<void> remove_unlinked_balancers(SyncReport& report, base::TimePoint now);
    base::Result<void> commit(const kernel::nftables::Transaction& transaction, SyncReport& report);

    base::Family family_;
    Options asked_;
    KernelFeatures features_;
    Options options_;
    kernel::nftables::Table table_;
    const ServiceCatalog& catalog_;
    kernel::nftables::NftTables& tables_;
    WantedState wanted_;
    ProgrammedTable programmed_;
    std::vector<Frontend> leftovers_;
    base::TimePoint unlinked_at_{};  // the last time that balancers were
    bool kernel_known_ = false;
    bool just_read_ = false;  // this sync has read the table back
    bool refused_ = false;    // the last commit had rules, and the kernel would not have them
    bool kernel_lacks_support_ = false;
    std::uint64_t guard_life_ = 0;
    KernelState kernel_state_ = KernelState::kAbsent;
};

}  // namespace fairlead::services
