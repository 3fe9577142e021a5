#pragma once

#include <absl/container/flat_hash_set.h>
#include <absl/hash/hash.h>

#include <memory>

#include "kube/objects.h"

namespace fairlead::kube {

/// Hashes shared objects by their keys; a key itself hashes alike.
struct HashOfKey {
    using is_transparent = void;
    std::size_t operator()(const ObjectKey& key) const { return absl::Hash<ObjectKey>{}(key); }
    std::size_t operator()(const auto& object) const { return absl::Hash<ObjectKey>{}(object->key); }
};

/// Compares shared objects by their keys, with keys too.
struct EqualKeys {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return key_of(a) == key_of(b); }

  private:
    static const ObjectKey& key_of(const ObjectKey& key) {
        return key;  // NOLINT(bugprone-return-const-ref-from-parameter): it is compared at once
    }
    static const ObjectKey& key_of(const auto& object) { return object->key; }
};

/// Objects with one of each key, found by it. Objects hold their keys: there are ten thousands, and a second
/// copy of each key would show in memory.
template <class Object>
using ObjectSet = absl::flat_hash_set<std::shared_ptr<const Object>, HashOfKey, EqualKeys>;

}  // namespace fairlead::kube
