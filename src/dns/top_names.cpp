#include "dns/top_names.h"

#include <algorithm>
#include <utility>

namespace fairlead::dns {

TopNames::Entry* TopNames::find(const Name& name) {
    auto* const end = entries_.data() + size_;
    auto* const found =
        std::find_if(entries_.data(), end, [&](const Entry& entry) { return entry.name == name; });
    return found == end ? nullptr : found;
}

void TopNames::add(const Name& name, std::uint64_t count, std::uint64_t error) {
    auto* entry = find(name);
    if (entry == nullptr && size_ < kSize) {
        entry = &entries_[size_++];
        *entry = {name, 0, 0, false};
    }
    if (entry == nullptr) {
        // The rarest makes room, and its count is what the newcomer may have had unseen.
        entry = &entries_[kSize - 1];
        *entry = {name, entry->count, entry->count, false};
    }
    entry->count += count;
    entry->error += error;
    for (; entry != entries_.data() && (entry - 1)->count < entry->count; --entry)
        std::swap(*(entry - 1), *entry);
}

void TopNames::set_found_in_domain(const Name& name) {
    if (auto* const entry = find(name)) entry->found_in_domain = true;
}

void TopNames::add_all(const TopNames& other) {
    for (const auto& entry : other.entries()) {
        add(entry.name, entry.count, entry.error);
        if (entry.found_in_domain) set_found_in_domain(entry.name);
    }
}

}  // namespace fairlead::dns
