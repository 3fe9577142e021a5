#pragma once

#include <absl/container/flat_hash_set.h>

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kube/reflector.h"
#include "kube/store.h"

namespace fairlead::kube {

/// Puts an object into the store of its kind; those of other kinds are passed over.
template <class Object>
void keep(Store<Object>& store, AnyObject object) {
    if (auto* wanted = std::get_if<Object>(&object)) store.put(std::move(*wanted));
}
/// What is to be kept of a Pod: one that has finished goes.
void keep(Store<PodAddresses>& store, AnyObject object);

/// Takes out of an object what keep() does not need.
template <class Object>
void trim(const Store<Object>& /*store*/, AnyObject& /*object*/) {}
void trim(const Store<PodAddresses>& store, AnyObject& object);

/// Puts what a Reflector learns of one kind into a store.
template <class Object>
class StoreSink final : public ReflectorSink {
  public:
    /// `store` must outlive this; `report` gets what is to be told people.
    StoreSink(Store<Object>& store, std::function<void(const std::string&)> report)
        : store_(store), report_(std::move(report)) {}

    void replace(std::deque<AnyObject> objects, std::vector<ObjectKey> unreadable) override {
        const bool first = store_.size() == 0;
        absl::flat_hash_set<ObjectKey> listed;
        for (auto& key : unreadable)
            listed.insert(std::move(key));
        // One by one off the front: the list goes as the store comes.
        for (; !objects.empty(); objects.pop_front()) {
            if (!first) listed.insert(key_of(objects.front()));
            put(std::move(objects.front()));
        }
        if (!first) store_.remove_if([&](const ObjectKey& key) { return !listed.contains(key); });
    }
    void put(AnyObject object) override { keep(store_, std::move(object)); }
    void trim(AnyObject& object) const override { kube::trim(store_, object); }
    void remove(const ObjectKey& key) override { store_.remove(key); }
    void report(const std::string& message) override { report_(message); }

  private:
    Store<Object>& store_;
    std::function<void(const std::string&)> report_;
};

}  // namespace fairlead::kube
