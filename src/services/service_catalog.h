#pragma once

#include <absl/container/flat_hash_set.h>
#include <absl/hash/hash.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "kube/store.h"

namespace fairlead::services {

/// A Service with its slices; either may be there before the other.
struct CatalogEntry {
    kube::ObjectKey key;
    std::shared_ptr<const kube::Service> service;
    std::vector<std::shared_ptr<const kube::EndpointSlice>> slices;
};

/// Number of an entry, for as long as it has a Service or a slice.
using ServiceId = std::uint32_t;

/// Services with the slices that belong to them (label kubernetes.io/service-name, same namespace).
class ServiceCatalog {
  public:
    ServiceCatalog() = default;
    ServiceCatalog(const ServiceCatalog&) = delete;
    ServiceCatalog& operator=(const ServiceCatalog&) = delete;

    /// Takes the changes in; returns the Services that must be compiled anew, each once.
    std::vector<ServiceId> apply(const kube::ChangeSet& changes);

    /// Valid ids only: those that apply returned, until the entry is empty and release() was called.
    [[nodiscard]] const CatalogEntry& entry(ServiceId id) const { return entries_[id]; }
    /// Null if there is neither such a Service nor a slice of it.
    [[nodiscard]] const CatalogEntry* find(const kube::ObjectKey& key) const;
    /// Forgets an entry that has neither Service nor slices.
    void release_if_empty(ServiceId id);

    [[nodiscard]] std::vector<ServiceId> all() const;

  private:
    // Entries hold their keys: a second copy of each would show in memory.
    struct KeyOf {
        const std::deque<CatalogEntry>& entries;
        const kube::ObjectKey& operator()(const kube::ObjectKey& key) const {
            return key;  // NOLINT(bugprone-return-const-ref-from-parameter): it is hashed or compared at once
        }
        const kube::ObjectKey& operator()(ServiceId id) const { return entries[id].key; }
    };
    struct Hash {
        using is_transparent = void;
        KeyOf key_of;
        std::size_t operator()(const auto& each) const { return absl::Hash<kube::ObjectKey>{}(key_of(each)); }
    };
    struct Equal {
        using is_transparent = void;
        KeyOf key_of;
        bool operator()(const auto& a, const auto& b) const { return key_of(a) == key_of(b); }
    };

    ServiceId id_of(const kube::ObjectKey& key);
    void remove_slice(const kube::EndpointSlice& slice, std::vector<ServiceId>& touched);
    void add_slice(std::shared_ptr<const kube::EndpointSlice> slice, std::vector<ServiceId>& touched);

    std::deque<CatalogEntry> entries_;
    absl::flat_hash_set<ServiceId, Hash, Equal> ids_{0, Hash{{entries_}}, Equal{{entries_}}};
    std::vector<ServiceId> free_;
};

}  // namespace fairlead::services
