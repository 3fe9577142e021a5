#include "services/family_proxy.h"

#include <algorithm>
#include <limits>

#include "services/change_taker.h"
#include "services/chunk.h"
#include "services/compile.h"
#include "services/connection_counts.h"
#include "services/element_repair.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Result;
using kernel::nftables::Element;
using kernel::nftables::Transaction;

void change_elements(Transaction& transaction, std::string_view set, const std::vector<Element>& before,
                     const std::vector<Element>& after) {
    for (const auto& element : before)
        if (!std::ranges::binary_search(after, element)) transaction.delete_element(set, element);
    for (const auto& element : after)
        if (!std::ranges::binary_search(before, element)) transaction.add_element(set, element);
}

LayoutOptions layout_options(const Options& options) {
    return {options.count_connections, options.guard};
}

bool has_rules(const Transaction& transaction) {
    return std::ranges::any_of(transaction.operations(), [](const auto& operation) {
        return std::holds_alternative<kernel::nftables::AddRule>(operation);
    });
}

}  // namespace

FamilyProxy::FamilyProxy(base::Family family, Options options, const ServiceCatalog& catalog,
                         kernel::nftables::NftTables& tables)
    : family_(family),
      asked_(std::move(options)),
      options_(asked_),
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
            auto compiled = entry.service ? compile(*entry.service, entry.slices, family_, options_.compile)
                                          : CompiledService{};
            std::ranges::copy(wanted_.put(id, std::move(compiled)), std::back_inserter(next));
        }
        queue = std::move(next);
    }
}

void FamilyProxy::configure(Options options) {
    asked_ = std::move(options);
    apply_options();
}

void FamilyProxy::apply_options() {
    auto options = within(asked_, features_);
    const bool compile_anew = options.compile != options_.compile;
    options_ = std::move(options);
    if (compile_anew) update(catalog_.all());
}

void FamilyProxy::set_features(KernelFeatures features) {
    features_ = std::move(features);
    kernel_known_ = false;  // rules are made with them
    apply_options();
}

Result<bool> FamilyProxy::learn_features() {
    FAIRLEAD_TRY(auto found, probe_features(tables_, family_));
    const bool less = std::ranges::any_of(found.missing(),
                                          [&](const auto& missing) { return features_.has(missing.first); });
    if (less) set_features(std::move(found));
    return less;
}

Result<bool> FamilyProxy::look_for_features() {
    if (features_.missing().empty()) return false;
    FAIRLEAD_TRY(auto found, probe_missing(tables_, family_, features_));
    const bool more = found.missing().size() < features_.missing().size();
    if (more) set_features(std::move(found));
    return more;
}

Result<void> FamilyProxy::commit(const Transaction& transaction, SyncReport& report) {
    if (transaction.empty()) return {};
    auto committed = tables_.commit(transaction);
    if (!committed) {
        // What the kernel holds is not what we thought: look before the next attempt.
        kernel_known_ = false;
        refused_ = has_rules(transaction) && may_mean_missing_feature(committed.error());
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

bool FamilyProxy::has_programmed_balancers(const ProgrammedTable& found) const {
    const auto is_known = [&](const auto& balancer) {
        return programmed_.balancers.contains(balancer.first) ||
               programmed_.unlinked_balancers.contains(balancer.first);
    };
    return found.balancers.size() == programmed_.balancers.size() + programmed_.unlinked_balancers.size() &&
           std::ranges::all_of(found.balancers, is_known);
}

Result<void> FamilyProxy::repair(SyncReport& report) {
    FAIRLEAD_TRY(const auto transaction, repair_elements(tables_, family_, programmed_));
    kernel_state_ = KernelState::kForeign;  // if this fails, the next attempt is not as clever
    FAIRLEAD_CHECK(commit(transaction, report));
    kernel_state_ = KernelState::kOurs;
    kernel_known_ = true;
    return {};
}

Result<void> FamilyProxy::learn_kernel(SyncReport& report) {
    FAIRLEAD_TRY(auto found, read_back(tables_, family_, features_));
    if (found.state == KernelState::kDamaged) {
        if (kernel_state_ == KernelState::kOurs && has_programmed_balancers(found.table) &&
            found.table.layout == programmed_.layout)
            return repair(report);
        found = {KernelState::kForeign, {}};
        found.table.features = features_;
    }
    kernel_state_ = found.state;
    programmed_ = std::move(found.table);
    kernel_known_ = true;
    mark_all_changed();
    return {};
}

void FamilyProxy::mark_all_changed() {
    if (!wanted_.all_frontends_changed()) update(catalog_.all());
    wanted_.mark_addresses_changed();
    for (const auto& [frontend, backing] : programmed_.frontends) {
        if (wanted_.wants_frontend(frontend)) continue;
        wanted_.changed_frontends()[frontend] = std::nullopt;
        leftovers_.push_back(frontend);
    }
    for (const auto& address : programmed_.cluster_ips)
        wanted_.changed_cluster_ips().insert(address);
    for (const auto& address : programmed_.hairpins)
        wanted_.changed_hairpins().insert(address);
    for (const auto& endpoint : programmed_.idle_endpoints)
        wanted_.changed_idle_endpoints().insert(endpoint);
}

Result<SyncReport> FamilyProxy::sync(base::TimePoint now) {
    kernel_lacks_support_ = false;
    auto report = sync_once(now);
    if (!report && refused_) {
        FAIRLEAD_TRY(const bool less, learn_features());
        if (less) report = sync_once(now);
    }
    kernel_lacks_support_ = !report && refused_ && just_read_ && means_missing_support(report.error());
    return report;
}

Result<SyncReport> FamilyProxy::sync_once(base::TimePoint now) {
    SyncReport report;
    refused_ = false;
    just_read_ = !kernel_known_;
    if (!kernel_known_) {
        FAIRLEAD_CHECK(learn_kernel(report));
        unlinked_at_ = now;  // we do not know since when
    }
    report.table_created = kernel_state_ == KernelState::kAbsent;
    report.table_replaced = kernel_state_ == KernelState::kForeign;
    FAIRLEAD_CHECK(write_changes(report));
    FAIRLEAD_CHECK(write_configured(report));
    FAIRLEAD_CHECK(write_counting(report));
    FAIRLEAD_CHECK(write_guard(report));
    FAIRLEAD_CHECK(remove_unlinked_balancers(report, now));
    FAIRLEAD_CHECK(unlink_spare_balancers(report, now));
    return report;
}

Result<void> FamilyProxy::write_changes(SyncReport& report) {
    do {
        Transaction transaction{table_};
        const bool replace = kernel_state_ == KernelState::kForeign;
        const bool make = kernel_state_ != KernelState::kOurs;
        if (replace) transaction.add(kernel::nftables::DestroyTable{});
        if (make) {
            append_layout_to(transaction, family_, layout_options(options_), features_);
            append_configured_to(transaction);
        }
        // A table that works, though not as ours, is replaced whole: nothing may be missing meanwhile.
        const std::size_t limit =
            replace ? std::numeric_limits<std::size_t>::max() : options_.transaction_elements;
        // But for the guard's set: that costs memory, and can wait for a few milliseconds.
        Chunk chunk{family_, programmed_, !replace};
        ChangeTaker taker{wanted_, chunk, limit};
        taker.take();
        chunk.append_to(transaction);
        FAIRLEAD_CHECK(commit(transaction, report));
        chunk.apply_to(programmed_);
        taker.forget();
        if (make) {
            programmed_.configured = configured_elements(options_, family_);
            programmed_.layout = layout_options(options_);
            ++guard_life_;
        }
        kernel_state_ = KernelState::kOurs;
        if (replace) FAIRLEAD_CHECK(write_all_service_endpoints(report));
    } while (wanted_.has_changes());
    return {};
}

void FamilyProxy::append_configured_to(Transaction& transaction) const {
    for (const auto& [set, elements] : configured_elements(options_, family_)) {
        const auto known = programmed_.configured.find(set);
        change_elements(transaction, set,
                        known == programmed_.configured.end() ? std::vector<Element>{} : known->second,
                        elements);
    }
}

Result<void> FamilyProxy::write_configured(SyncReport& report) {
    Transaction transaction{table_};
    append_configured_to(transaction);
    if (transaction.empty()) return {};
    FAIRLEAD_CHECK(commit(transaction, report));
    programmed_.configured = configured_elements(options_, family_);
    return {};
}

Result<void> FamilyProxy::write_counting(SyncReport& report) {
    if (programmed_.layout.counts_connections == options_.count_connections) return {};
    Transaction transaction{table_};
    if (options_.count_connections)
        append_counting_to(transaction, family_);
    else
        append_counting_removal_to(transaction);
    FAIRLEAD_CHECK(commit(transaction, report));
    programmed_.layout.counts_connections = options_.count_connections;
    return {};
}

Result<void> FamilyProxy::write_guard(SyncReport& report) {
    if (programmed_.layout.guard == options_.guard) return {};
    Transaction transaction{table_};
    append_guard_to(transaction, family_, options_.guard, features_);
    FAIRLEAD_CHECK(commit(transaction, report));
    programmed_.layout.guard = options_.guard;
    ++guard_life_;
    return {};
}

/// Of a table that was just made without them.
Result<void> FamilyProxy::write_all_service_endpoints(SyncReport& report) {
    std::vector<Element> elements;
    const auto flush = [&]() -> Result<void> {
        if (elements.empty()) return {};
        Transaction transaction{table_};
        transaction.add(
            kernel::nftables::AddElements{std::string(kServiceEndpoints), std::exchange(elements, {})});
        return commit(transaction, report);
    };
    for (const auto& [endpoint, users] : programmed_.endpoint_users) {
        elements.push_back(service_endpoint_element(endpoint));
        if (elements.size() >= options_.transaction_elements) FAIRLEAD_CHECK(flush());
    }
    return flush();
}

Result<void> FamilyProxy::forget_connections(std::vector<kernel::nftables::Element> elements) {
    if (!programmed_.layout.counts_connections || elements.empty()) return {};
    Transaction transaction{table_};
    transaction.add(kernel::nftables::DeleteElements{std::string(kConnections), std::move(elements)});
    return tables_.commit(transaction);
}

}  // namespace fairlead::services
