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

/// Puts what a Reflector learns of one kind into its store.
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
    void put(AnyObject object) override {
        if (auto* wanted = std::get_if<Object>(&object)) store_.put(std::move(*wanted));
    }
    void remove(const ObjectKey& key) override { store_.remove(key); }
    void report(const std::string& message) override { report_(message); }

  private:
    Store<Object>& store_;
    std::function<void(const std::string&)> report_;
};

}  // namespace fairlead::kube
