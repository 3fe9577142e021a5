#include "services/family_proxy.h"

#include <algorithm>
#include <limits>

#include "services/chunk.h"
#include "services/compile.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Result;
using kernel::nftables::Element;
using kernel::nftables::Transaction;

// A rolling update goes up and down between two sizes: their chains are not worth removing each time.
constexpr std::size_t kSpareBalancers = 16;

std::vector<Element> range_elements(std::vector<base::Prefix> prefixes, base::Family family) {
    std::vector<Element> elements;
    // Wider prefixes first: what lies inside one that is taken is left out, the kernel refuses overlaps.
    std::ranges::sort(prefixes, {}, [](const base::Prefix& prefix) { return prefix.length(); });
    std::vector<base::Prefix> taken;
    for (const auto& prefix : prefixes) {
        const auto holds = [&](const base::Prefix& wider) { return wider.contains(prefix.first()); };
        if (prefix.family() != family || std::ranges::any_of(taken, holds)) continue;
        taken.push_back(prefix);
        elements.push_back(prefix_element(prefix));
    }
    std::ranges::sort(elements);
    return elements;
}

base::Prefix everything(base::Family family) {
    const std::array<std::byte, 16> zeros{};
    return {base::IpAddress{std::span{zeros}.first(base::address_size_bytes(family))}, 0};
}

std::vector<Element> wanted_pod_ranges(const Options& options, base::Family family) {
    auto ranges = range_elements(options.cluster_cidrs, family);
    if (ranges.empty()) ranges.push_back(prefix_element(everything(family)));
    return ranges;
}

void change_ranges(Transaction& transaction, std::string_view set, const std::vector<Element>& before,
                   const std::vector<Element>& after) {
    for (const auto& range : before)
        if (std::ranges::find(after, range) == after.end()) transaction.delete_element(set, range);
    for (const auto& range : after)
        if (std::ranges::find(before, range) == before.end()) transaction.add_element(set, range);
}

void append_layout_to(Transaction& transaction, base::Family family) {
    const auto contents = layout(family);
    transaction.add(kernel::nftables::AddTable{});
    for (const auto& set : contents.sets)
        transaction.add(kernel::nftables::AddSet{set});
    for (const auto& chain : contents.chains)
        transaction.add(kernel::nftables::AddChain{chain});
    for (const auto& rule : contents.rules)
        transaction.add(kernel::nftables::AddRule{rule});
}

}  // namespace

FamilyProxy::FamilyProxy(base::Family family, Options options, const ServiceCatalog& catalog,
                         kernel::nftables::NftTables& tables)
    : family_(family),
      options_(std::move(options)),
      table_(layout(family).table),
      catalog_(catalog),
      tables_(tables),
      wanted_(catalog) {}

void FamilyProxy::update(std::span<const ServiceId> services) {
    std::vector<ServiceId> queue(services.begin(), services.end());
    while (!queue.empty()) {
        std::vector<ServiceId> next;
        for (const auto id : queue) {
            const auto& entry = catalog_.entry(id);
            auto compiled = entry.service ? compile(*entry.service, entry.slices, family_, options_.node_name)
                                          : CompiledService{};
            std::ranges::copy(wanted_.put(id, std::move(compiled)), std::back_inserter(next));
        }
        queue = std::move(next);
    }
}

void FamilyProxy::configure(Options options) {
    const bool other_node = options.node_name != options_.node_name;
    options_ = std::move(options);
    if (other_node) update(catalog_.all());
}

Result<void> FamilyProxy::commit(const Transaction& transaction, SyncReport& report) {
    if (transaction.empty()) return {};
    auto committed = tables_.commit(transaction);
    if (!committed) {
        // What the kernel holds is not what we thought: look before the next attempt.
        kernel_known_ = false;
        return committed;
    }
    ++report.transactions;
    for (const auto& operation : transaction.operations()) {
        if (const auto* added = std::get_if<kernel::nftables::AddElements>(&operation))
            report.elements_added += added->elements.size();
        if (const auto* deleted = std::get_if<kernel::nftables::DeleteElements>(&operation))
            report.elements_deleted += deleted->elements.size();
    }
    return {};
}

Result<void> FamilyProxy::learn_kernel() {
    FAIRLEAD_TRY(auto found, read_back(tables_, family_));
    kernel_state_ = found.state;
    programmed_ = std::move(found.table);
    kernel_known_ = true;
    mark_all_changed();
    return {};
}

void FamilyProxy::mark_all_changed() {
    update(catalog_.all());
    wanted_.mark_addresses_changed();
    for (const auto& [frontend, backends] : programmed_.frontends)
        if (!wanted_.wants_frontend(frontend)) wanted_.changed_frontends()[frontend] = std::nullopt;
    for (const auto& address : programmed_.cluster_ips)
        wanted_.changed_cluster_ips().insert(address);
    for (const auto& address : programmed_.hairpins)
        wanted_.changed_hairpins().insert(address);
}

Result<SyncReport> FamilyProxy::sync() {
    SyncReport report;
    if (!kernel_known_) FAIRLEAD_CHECK(learn_kernel());
    report.table_created = kernel_state_ == KernelState::kAbsent;
    report.table_replaced = kernel_state_ == KernelState::kForeign;
    FAIRLEAD_CHECK(write_changes(report));
    FAIRLEAD_CHECK(write_cidrs(report));
    FAIRLEAD_CHECK(unlink_spare_balancers(report));
    FAIRLEAD_CHECK(remove_unlinked_balancers(report));
    return report;
}

Result<void> FamilyProxy::write_changes(SyncReport& report) {
    auto& frontends = wanted_.changed_frontends();
    auto& cluster_ips = wanted_.changed_cluster_ips();
    auto& hairpins = wanted_.changed_hairpins();
    for (;;) {
        Transaction transaction{table_};
        const bool replace = kernel_state_ == KernelState::kForeign;
        if (replace) transaction.add(kernel::nftables::DestroyTable{});
        if (kernel_state_ != KernelState::kOurs) append_layout_to(transaction, family_);
        // A table that works, though not as ours, is replaced whole: nothing may be missing meanwhile.
        const std::size_t limit =
            replace ? std::numeric_limits<std::size_t>::max() : options_.transaction_elements;
        Chunk chunk{family_, programmed_};
        auto frontend = frontends.begin();
        for (; frontend != frontends.end() && chunk.element_count() < limit; ++frontend)
            chunk.set_frontend(frontend->first, frontend->second);
        auto cluster_ip = cluster_ips.begin();
        for (; cluster_ip != cluster_ips.end() && chunk.element_count() < limit; ++cluster_ip)
            chunk.set_cluster_ip(*cluster_ip, wanted_.wants_cluster_ip(*cluster_ip));
        auto hairpin = hairpins.begin();
        for (; hairpin != hairpins.end() && chunk.element_count() < limit; ++hairpin)
            chunk.set_hairpin(*hairpin, wanted_.wants_hairpin(*hairpin));
        chunk.append_to(transaction);
        FAIRLEAD_CHECK(commit(transaction, report));
        chunk.apply_to(programmed_);
        kernel_state_ = KernelState::kOurs;
        frontends.erase(frontends.begin(), frontend);
        cluster_ips.erase(cluster_ips.begin(), cluster_ip);
        hairpins.erase(hairpins.begin(), hairpin);
        if (!wanted_.has_changes()) break;
    }
    // What the first sync grew to is not needed again.
    frontends = {};
    cluster_ips = {};
    hairpins = {};
    return {};
}

Result<void> FamilyProxy::write_cidrs(SyncReport& report) {
    auto service_ranges = range_elements(options_.service_cidrs, family_);
    auto pod_ranges = wanted_pod_ranges(options_, family_);
    Transaction transaction{table_};
    change_ranges(transaction, kServiceCidrs, programmed_.service_cidrs, service_ranges);
    change_ranges(transaction, kPodCidrs, programmed_.pod_cidrs, pod_ranges);
    FAIRLEAD_CHECK(commit(transaction, report));
    programmed_.service_cidrs = std::move(service_ranges);
    programmed_.pod_cidrs = std::move(pod_ranges);
    return {};
}

Result<void> FamilyProxy::unlink_spare_balancers(SyncReport& report) {
    std::vector<std::uint32_t> spare;
    for (const auto& [size, users] : programmed_.balancers)
        if (users == 0) spare.push_back(size);
    if (spare.size() <= kSpareBalancers) return {};
    Transaction unlink{table_};
    for (const auto size : spare)
        unlink.delete_element(kBalancers, balancer_element(size));
    FAIRLEAD_CHECK(commit(unlink, report));
    for (const auto size : spare) {
        programmed_.balancers.erase(size);
        programmed_.unlinked_balancers.insert(size);
    }
    return {};
}

Result<void> FamilyProxy::remove_unlinked_balancers(SyncReport& report) {
    // A transaction of its own: older kernels still count an element that the same one deletes as a user of
    // the chain, and some go on doing so for a moment. Then the chain waits for a later sync.
    if (programmed_.unlinked_balancers.empty()) return {};
    Transaction remove{table_};
    for (const auto size : programmed_.unlinked_balancers)
        remove.add(kernel::nftables::DeleteChain{balancer_name(size)});
    const auto removed = tables_.commit(remove);
    if (!removed && removed.error().code == base::ErrorCode::kBusy) return {};
    kernel_known_ = removed.has_value();
    if (!removed) return removed;
    ++report.transactions;
    programmed_.unlinked_balancers.clear();
    return {};
}

}  // namespace fairlead::services
