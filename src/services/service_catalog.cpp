#include "services/service_catalog.h"

#include <algorithm>

#include "base/sort_unique.h"

namespace fairlead::services {

namespace {

kube::ObjectKey service_key_of(const kube::EndpointSlice& slice) {
    return {slice.key.namespace_name, slice.service_name};
}

}  // namespace

ServiceId ServiceCatalog::id_of(const kube::ObjectKey& key) {
    if (const auto known = ids_.find(key); known != ids_.end()) return *known;
    if (free_.empty()) {
        free_.push_back(static_cast<ServiceId>(entries_.size()));
        entries_.emplace_back();
    }
    const ServiceId id = free_.back();
    free_.pop_back();
    entries_[id].key = key;
    ids_.insert(id);
    return id;
}

void ServiceCatalog::remove_slice(const kube::EndpointSlice& slice, std::vector<ServiceId>& touched) {
    const ServiceId id = id_of(service_key_of(slice));
    std::erase_if(entries_[id].slices, [&](const auto& known) { return known->key == slice.key; });
    touched.push_back(id);
}

void ServiceCatalog::add_slice(std::shared_ptr<const kube::EndpointSlice> slice,
                               std::vector<ServiceId>& touched) {
    const ServiceId id = id_of(service_key_of(*slice));
    entries_[id].slices.push_back(std::move(slice));
    touched.push_back(id);
}

std::vector<ServiceId> ServiceCatalog::apply(const kube::ChangeSet& changes) {
    std::vector<ServiceId> touched;
    for (const auto& change : changes.services) {
        const ServiceId id = id_of(change.key());
        entries_[id].service = change.after;
        touched.push_back(id);
    }
    for (const auto& change : changes.slices) {
        if (change.before) remove_slice(*change.before, touched);
        if (change.after) add_slice(change.after, touched);
    }
    base::sort_unique(touched);
    return touched;
}

const CatalogEntry* ServiceCatalog::find(const kube::ObjectKey& key) const {
    const auto known = ids_.find(key);
    return known == ids_.end() ? nullptr : &entries_[*known];
}

void ServiceCatalog::release_if_empty(ServiceId id) {
    auto& entry = entries_[id];
    if (entry.service || !entry.slices.empty() || !ids_.erase(entry.key)) return;
    entry = {};
    free_.push_back(id);
}

std::vector<ServiceId> ServiceCatalog::all() const {
    std::vector<ServiceId> ids(ids_.begin(), ids_.end());
    std::ranges::sort(ids);
    return ids;
}

}  // namespace fairlead::services
