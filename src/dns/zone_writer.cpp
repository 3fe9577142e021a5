#include "dns/zone_writer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/dns_name.h"
#include "base/sort_unique.h"
#include "dns/address_label.h"

namespace fairlead::dns {

namespace {

kube::ObjectKey service_key_of(const kube::EndpointSlice& slice) {
    return {slice.key.namespace_name, slice.service_name};
}

std::string wire_label(std::string_view label) {
    std::string wire(1, static_cast<char>(label.size()));
    return wire.append(label);
}

/// The namespace in "\4cart\4shop\3svc".
std::string_view namespace_of(std::string_view service_wire) {
    service_wire.remove_prefix(1U + static_cast<unsigned char>(service_wire.front()));
    return service_wire.substr(0, 1U + static_cast<unsigned char>(service_wire.front()));
}

std::vector<base::IpAddress> addresses_of(const ServiceRecords* records) {
    return records == nullptr ? std::vector<base::IpAddress>{} : records->addresses();
}

}  // namespace

void ZoneWriter::apply(const kube::ChangeSet& changes, const kube::Stores& stores, base::WallTime now) {
    auto touched = take_slices(changes);
    for (const auto& change : changes.services)
        touched.push_back(change.key());
    base::sort_unique(touched);
    take_namespaces(changes);
    for (const auto& key : touched)
        remake_service(key, stores);
    take_pods(changes);
    if (touched.empty() && changes.namespaces.empty() && touched_pods_.empty()) return;
    stage_addresses();
    stage_namespaces();
    stage_pods();
    commit(now);
}

void ZoneWriter::commit(base::WallTime now) {
    tables_.namespaces.commit();
    tables_.services.commit();
    tables_.addresses.commit();
    tables_.pods.commit();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    tables_.serial.store(static_cast<std::uint32_t>(seconds), std::memory_order_relaxed);
    tables_.reclaimer.reclaim();
}

std::vector<kube::ObjectKey> ZoneWriter::take_slices(const kube::ChangeSet& changes) {
    std::vector<kube::ObjectKey> touched;
    for (const auto& change : changes.slices)
        for (const bool is_added : {false, true})
            if (const auto& slice = is_added ? change.after : change.before) {
                take_slice(slice, is_added);
                touched.push_back(service_key_of(*slice));
            }
    return touched;
}

/// Null where there can be no names.
const ZoneWriter::NamePointer* ZoneWriter::name_of(const kube::ObjectKey& service) {
    auto wire = service_wire_of(service);
    if (!wire) return nullptr;
    const auto known = services_.find(std::string_view(*wire));
    if (known != services_.end()) return &known->first;
    auto name = std::make_shared<const ServiceName>(*wire, SnapshotTable<ServiceRecords>::hash_of(*wire));
    return &services_.try_emplace(std::move(name)).first->first;
}

void ZoneWriter::take_slice(const SlicePointer& slice, bool is_added) {
    const auto* const name = name_of(service_key_of(*slice));
    if (name == nullptr) return;
    auto& slices = services_.find(*name)->second;
    if (is_added)
        slices.push_back(slice);
    else
        std::erase_if(slices, [&](const auto& known) { return known->key == slice->key; });
}

void ZoneWriter::remake_service(const kube::ObjectKey& key, const kube::Stores& stores) {
    const auto* const known = name_of(key);
    if (known == nullptr) return;
    const auto name = *known;
    const auto entry = services_.find(name);
    const auto service = stores.services.find(key);
    const auto* const before = tables_.services.find(name->wire(), name->hash());
    auto after = service == nullptr
                     ? nullptr
                     : ServiceRecords::make(*name, *service, entry->second, tables_.options.endpoint_naming);
    edit_addresses(name, before, after.get());
    if ((before == nullptr) != (after == nullptr)) count_service(name->wire(), after != nullptr);
    if (after)
        tables_.services.stage(std::move(after));
    else
        tables_.services.stage_removal(name->wire());
    if (service == nullptr && entry->second.empty()) services_.erase(entry);
}

void ZoneWriter::edit_addresses(const NamePointer& name, const ServiceRecords* before,
                                const ServiceRecords* after) {
    const auto old_addresses = addresses_of(before);
    const auto new_addresses = addresses_of(after);
    std::vector<base::IpAddress> removed;
    std::vector<base::IpAddress> added;
    std::ranges::set_difference(old_addresses, new_addresses, std::back_inserter(removed));
    std::ranges::set_difference(new_addresses, old_addresses, std::back_inserter(added));
    for (const auto& address : removed)
        address_edits_[address].push_back({name, false});
    for (const auto& address : added)
        address_edits_[address].push_back({name, true});
}

void ZoneWriter::stage_addresses() {
    for (const auto& [address, edits] : std::exchange(address_edits_, {})) {
        auto record = std::make_unique<AddressRecord>();
        record->address = address;
        auto& services = record->services;
        if (const auto* const before = tables_.addresses.find(address)) services = before->services;
        for (const auto& edit : edits) {
            if (edit.is_added)
                services.push_back(edit.service);
            else
                services.erase(std::ranges::remove(services, edit.service).begin(), services.end());
        }
        services.shrink_to_fit();
        if (services.empty())
            tables_.addresses.stage_removal(address);
        else
            tables_.addresses.stage(std::move(record));
    }
}

void ZoneWriter::take_namespaces(const kube::ChangeSet& changes) {
    for (const auto& change : changes.namespaces) {
        const auto& name = change.key().name;
        if (!base::is_dns_label(name)) continue;
        touched_namespaces_.push_back(wire_label(name));
        namespaces_[touched_namespaces_.back()].exists = change.after != nullptr;
    }
}

void ZoneWriter::count_service(std::string_view service_wire, bool is_added) {
    touched_namespaces_.emplace_back(namespace_of(service_wire));
    auto& services = namespaces_[touched_namespaces_.back()].services;
    is_added ? ++services : --services;
}

void ZoneWriter::stage_namespaces() {
    base::sort_unique(touched_namespaces_);
    for (auto& wire : std::exchange(touched_namespaces_, {})) {
        const auto use = namespaces_.find(wire);
        if (!use->second.exists && use->second.services == 0) {
            namespaces_.erase(use);
            tables_.namespaces.stage_removal(wire);
        } else if (tables_.namespaces.find(wire) == nullptr) {
            tables_.namespaces.stage(std::make_unique<NamespaceRecord>(std::move(wire)));
        }
    }
}

void ZoneWriter::take_pods(const kube::ChangeSet& changes) {
    if (tables_.options.pod_names != PodNames::kVerified) return;
    for (const auto& change : changes.pod_addresses) {
        if (change.before) count_pod(*change.before, false);
        if (change.after) count_pod(*change.after, true);
    }
}

void ZoneWriter::count_pod(const kube::PodAddresses& pod, bool is_added) {
    if (!base::is_dns_label(pod.key.namespace_name)) return;
    for (const auto& address : pod.addresses) {
        const AddressLabel label(address);
        auto& text = touched_pods_.emplace_back(wire_label(pod.key.namespace_name)).append(label.text());
        auto& pods = pods_[text];
        is_added ? ++pods : --pods;
    }
}

void ZoneWriter::stage_pods() {
    base::sort_unique(touched_pods_);
    for (auto& text : std::exchange(touched_pods_, {})) {
        if (pods_[text] == 0) {
            pods_.erase(text);
            tables_.pods.stage_removal(text);
        } else if (tables_.pods.find(text) == nullptr) {
            tables_.pods.stage(std::make_unique<PodRecord>(std::move(text)));
        }
    }
}

}  // namespace fairlead::dns
