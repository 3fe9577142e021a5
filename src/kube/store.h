#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "kube/object_set.h"
#include "kube/objects.h"

namespace fairlead::kube {

/// What became of one object since the last take_changes: added (no `before`), removed (no `after`) or
/// changed.
template <class Object>
struct Change {
    std::shared_ptr<const Object> before;
    std::shared_ptr<const Object> after;

    [[nodiscard]] const ObjectKey& key() const { return (after ? after : before)->key; }
};

/// The objects of one kind, and what changed since somebody last asked. Changes are coalesced per key: an
/// object that came and went, or that ends as it was, is no change. Objects are shared and immutable.
template <class Object>
class Store {
  public:
    using Pointer = std::shared_ptr<const Object>;

    /// Adds or replaces; equal objects are no change. Returns what is held now.
    Pointer put(Pointer object);
    void put(Object object);
    void remove(const ObjectKey& key);
    /// Removes each object for whose key `gone(const ObjectKey&)` is true.
    template <class Gone>
    void remove_if(Gone gone);
    /// Makes the content exactly `objects` (a new list from the source).
    void replace_all(const std::vector<Pointer>& objects);
    /// The same with what `feed` hands over one by one: it is called with a function of Pointer.
    template <class Feed>
    void replace_with(Feed feed);

    /// nullptr if there is none.
    [[nodiscard]] Pointer find(const ObjectKey& key) const;
    [[nodiscard]] std::size_t size() const { return objects_.size(); }
    [[nodiscard]] bool has_changes() const { return !touched_.empty(); }
    /// Calls `visit(const Pointer&)` for each object, in no order.
    template <class Visit>
    void for_each(Visit visit) const;

    /// The net changes since the last call, in no order; afterwards there are none.
    [[nodiscard]] std::vector<Change<Object>> take_changes();

  private:
    ObjectSet<Object> objects_;
    /// Of each key that was touched since the last take_changes, what was seen first, and whether it is what
    /// that call knew, not what came later.
    absl::flat_hash_map<Pointer, bool, HashOfKey, EqualKeys> touched_;
};

template <class Object>
typename Store<Object>::Pointer Store<Object>::put(Pointer object) {
    const auto known = objects_.find(object->key);
    if (known == objects_.end()) {
        touched_.try_emplace(object, false);
    } else {
        if (*known == object || **known == *object) return *known;
        touched_.try_emplace(*known, true);
        objects_.erase(known);
    }
    objects_.insert(object);
    return object;
}

template <class Object>
void Store<Object>::put(Object object) {
    const auto known = objects_.find(object.key);
    if (known != objects_.end() && **known == object) return;
    put(std::make_shared<const Object>(std::move(object)));
}

template <class Object>
void Store<Object>::remove(const ObjectKey& key) {
    const auto known = objects_.find(key);
    if (known == objects_.end()) return;
    touched_.try_emplace(*known, true);
    objects_.erase(known);
}

template <class Object>
template <class Gone>
void Store<Object>::remove_if(Gone gone) {
    absl::erase_if(objects_, [&](const Pointer& object) {
        if (!gone(object->key)) return false;
        touched_.try_emplace(object, true);
        return true;
    });
}

template <class Object>
void Store<Object>::replace_all(const std::vector<Pointer>& objects) {
    replace_with([&](const auto& put_one) { std::ranges::for_each(objects, put_one); });
}

template <class Object>
template <class Feed>
void Store<Object>::replace_with(Feed feed) {
    ObjectSet<Object> wanted;
    feed([&](Pointer object) { wanted.insert(put(std::move(object))); });
    remove_if([&](const ObjectKey& key) { return !wanted.contains(key); });
}

template <class Object>
typename Store<Object>::Pointer Store<Object>::find(const ObjectKey& key) const {
    const auto known = objects_.find(key);
    return known == objects_.end() ? nullptr : *known;
}

template <class Object>
template <class Visit>
void Store<Object>::for_each(Visit visit) const {
    for (const auto& object : objects_)
        visit(object);
}

template <class Object>
std::vector<Change<Object>> Store<Object>::take_changes() {
    std::vector<Change<Object>> changes;
    changes.reserve(touched_.size());
    for (const auto& [first, was_there] : touched_) {
        auto before = was_there ? first : nullptr;
        auto after = find(first->key);
        if (before == after || (before && after && *before == *after)) continue;
        changes.push_back({std::move(before), std::move(after)});
    }
    touched_ = {};
    return changes;
}

/// Everything that changed since the last look, for the features that compile it.
struct ChangeSet {
    std::vector<Change<Service>> services;
    std::vector<Change<EndpointSlice>> slices;
    std::vector<Change<Node>> nodes;
    std::vector<Change<Namespace>> namespaces;
    std::vector<Change<ServiceCidr>> service_cidrs;
    std::vector<Change<Pod>> pods;
    std::vector<Change<ConfigMap>> config_maps;
    std::vector<Change<PodAddresses>> pod_addresses;

    [[nodiscard]] bool empty() const {
        return services.empty() && slices.empty() && nodes.empty() && namespaces.empty() &&
               service_cidrs.empty() && pods.empty() && config_maps.empty() && pod_addresses.empty();
    }
};

/// The stores of all kinds that a source fills.
struct Stores {
    Store<Service> services;
    Store<EndpointSlice> slices;
    Store<Node> nodes;
    Store<Namespace> namespaces;
    Store<ServiceCidr> service_cidrs;
    Store<Pod> pods;                    ///< of this node, and only when DNS is switched on
    Store<PodAddresses> pod_addresses;  ///< of all nodes, and only when DNS has names for them
    Store<ConfigMap> config_maps;       ///< from an API server only the one that DNS is configured with

    [[nodiscard]] ChangeSet take_changes() {
        return {services.take_changes(),    slices.take_changes(),        nodes.take_changes(),
                namespaces.take_changes(),  service_cidrs.take_changes(), pods.take_changes(),
                config_maps.take_changes(), pod_addresses.take_changes()};
    }
};

}  // namespace fairlead::kube
