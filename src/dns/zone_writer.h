#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "dns/zone_tables.h"
#include "kube/store.h"

namespace fairlead::dns {

/// Keeps the tables of the zone as the objects are. For one thread.
class ZoneWriter {
  public:
    /// `tables` outlives it.
    explicit ZoneWriter(ZoneTables& tables) : tables_(tables) {}

    /// Takes changes in: those Services that they touch are made anew, with their addresses. The addresses of
    /// Pods count for PodNames::kVerified only.
    void apply(const kube::ChangeSet& changes, const kube::Stores& stores, base::WallTime now);

  private:
    using SlicePointer = std::shared_ptr<const kube::EndpointSlice>;
    using NamePointer = std::shared_ptr<const ServiceName>;

    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(const NamePointer& name) const { return name->hash(); }
        std::size_t operator()(std::string_view wire) const {
            return SnapshotTable<ServiceRecords>::hash_of(wire);
        }
    };
    struct NameEqual {
        using is_transparent = void;
        static std::string_view wire_of(const NamePointer& name) { return name->wire(); }
        static std::string_view wire_of(std::string_view wire) { return wire; }
        bool operator()(const auto& a, const auto& b) const { return wire_of(a) == wire_of(b); }
    };
    struct NamespaceUse {
        bool exists = false;  ///< there is a Namespace object
        std::uint32_t services = 0;
    };
    struct AddressEdit {
        NamePointer service;
        bool is_added = false;
    };

    std::vector<kube::ObjectKey> take_slices(const kube::ChangeSet& changes);
    const NamePointer* name_of(const kube::ObjectKey& service);
    void take_slice(const SlicePointer& slice, bool is_added);
    void remake_service(const kube::ObjectKey& key, const kube::Stores& stores);
    void edit_addresses(const NamePointer& name, const ServiceRecords* before, const ServiceRecords* after);
    void stage_addresses();
    void take_namespaces(const kube::ChangeSet& changes);
    void count_service(std::string_view service_wire, bool is_added);
    void stage_namespaces();
    void take_pods(const kube::ChangeSet& changes);
    void count_pod(const kube::PodAddresses& pod, bool is_added);
    void stage_pods();
    void commit(base::WallTime now);

    ZoneTables& tables_;
    /// Services that have an object or slices, with these.
    absl::flat_hash_map<NamePointer, std::vector<SlicePointer>, NameHash, NameEqual> services_;
    absl::flat_hash_map<std::string, NamespaceUse> namespaces_;  // by their labels on the wire
    absl::flat_hash_map<std::string, std::uint32_t> pods_;       // how many Pods make a PodRecord

    // What the changes under way touch.
    absl::flat_hash_map<base::IpAddress, std::vector<AddressEdit>> address_edits_;
    std::vector<std::string> touched_namespaces_;
    std::vector<std::string> touched_pods_;
};

}  // namespace fairlead::dns
