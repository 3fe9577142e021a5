#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "kube/objects.h"

namespace fairlead::kube {

struct ObjectKeyHash {
    std::size_t operator()(const ObjectKey& key) const {
        return std::hash<std::string>{}(key.namespace_name) * 31 + std::hash<std::string>{}(key.name);
    }
};

/// What became of one object since the last take_changes: added (no `before`), removed (no `after`) or
/// changed.
template <class Object>
struct Change {
    ObjectKey key;
    std::shared_ptr<const Object> before;
    std::shared_ptr<const Object> after;
};

/// The objects of one kind, and what changed since somebody last asked. Changes are coalesced per key: an
/// object that came and went, or that ends as it was, is no change. Objects are shared and immutable.
template <class Object>
class Store {
  public:
    using Pointer = std::shared_ptr<const Object>;

    /// Adds or replaces; equal objects are no change.
    void put(Object object);
    void remove(const ObjectKey& key);
    /// Removes each object for whose key `gone(const ObjectKey&)` is true.
    template <class Gone>
    void remove_if(Gone gone);
    /// Makes the content exactly `objects` (a new list from the source).
    void replace_all(std::vector<Object> objects);

    /// nullptr if there is none.
    [[nodiscard]] Pointer find(const ObjectKey& key) const;
    [[nodiscard]] std::size_t size() const { return objects_.size(); }
    [[nodiscard]] bool has_changes() const { return !before_.empty(); }
    /// Calls `visit(const Pointer&)` for each object, in no order.
    template <class Visit>
    void for_each(Visit visit) const;

    /// The net changes since the last call, in no order; afterwards there are none.
    [[nodiscard]] std::vector<Change<Object>> take_changes();

  private:
    void note(const ObjectKey& key, Pointer before);

    std::unordered_map<ObjectKey, Pointer, ObjectKeyHash> objects_;
    std::unordered_map<ObjectKey, Pointer, ObjectKeyHash>
        before_;  // as of the last take_changes, of touched keys
};

template <class Object>
void Store<Object>::note(const ObjectKey& key, Pointer before) {
    before_.try_emplace(key, std::move(before));
}

template <class Object>
void Store<Object>::put(Object object) {
    auto [entry, added] = objects_.try_emplace(object.key);
    if (!added && *entry->second == object) return;
    note(entry->first, entry->second);
    entry->second = std::make_shared<const Object>(std::move(object));
}

template <class Object>
void Store<Object>::remove(const ObjectKey& key) {
    const auto entry = objects_.find(key);
    if (entry == objects_.end()) return;
    note(key, std::move(entry->second));
    objects_.erase(entry);
}

template <class Object>
template <class Gone>
void Store<Object>::remove_if(Gone gone) {
    for (auto entry = objects_.begin(); entry != objects_.end();) {
        if (gone(entry->first)) {
            note(entry->first, std::move(entry->second));
            entry = objects_.erase(entry);
        } else {
            ++entry;
        }
    }
}

template <class Object>
void Store<Object>::replace_all(std::vector<Object> objects) {
    std::unordered_map<ObjectKey, bool, ObjectKeyHash> wanted;
    for (const auto& object : objects)
        wanted.emplace(object.key, true);
    remove_if([&](const ObjectKey& key) { return !wanted.contains(key); });
    for (auto& object : objects)
        put(std::move(object));
}

template <class Object>
typename Store<Object>::Pointer Store<Object>::find(const ObjectKey& key) const {
    const auto entry = objects_.find(key);
    return entry == objects_.end() ? nullptr : entry->second;
}

template <class Object>
template <class Visit>
void Store<Object>::for_each(Visit visit) const {
    for (const auto& [key, pointer] : objects_)
        visit(pointer);
}

template <class Object>
std::vector<Change<Object>> Store<Object>::take_changes() {
    std::vector<Change<Object>> changes;
    changes.reserve(before_.size());
    for (auto& [key, before] : before_) {
        auto after = find(key);
        if (before == after || (before && after && *before == *after)) continue;
        changes.push_back({key, std::move(before), std::move(after)});
    }
    before_ = {};
    return changes;
}

/// Everything that changed since the last look, for the features that compile it.
struct ChangeSet {
    std::vector<Change<Service>> services;
    std::vector<Change<EndpointSlice>> slices;
    std::vector<Change<Node>> nodes;
    std::vector<Change<Namespace>> namespaces;
    std::vector<Change<ServiceCidr>> service_cidrs;

    [[nodiscard]] bool empty() const {
        return services.empty() && slices.empty() && nodes.empty() && namespaces.empty() &&
               service_cidrs.empty();
    }
};

/// The stores of all kinds that a source fills.
struct Stores {
    Store<Service> services;
    Store<EndpointSlice> slices;
    Store<Node> nodes;
    Store<Namespace> namespaces;
    Store<ServiceCidr> service_cidrs;

    [[nodiscard]] ChangeSet take_changes() {
        return {services.take_changes(), slices.take_changes(), nodes.take_changes(),
                namespaces.take_changes(), service_cidrs.take_changes()};
    }
};

}  // namespace fairlead::kube
