#include <algorithm>

#include "kernel/nftables/message_codec.h"

namespace fairlead::kernel::nftables {

namespace {

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "0x";
    for (const auto byte : bytes) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
        text += kDigits[std::to_integer<unsigned>(byte) & 0xfU];
    }
    return text;
}

/// A key by its looks: an address, or an address with protocol and port, in front of which may stand a
/// number.
std::string describe_key(const ElementBytes& key, base::Family family) {
    const std::size_t address = base::address_size_bytes(family);
    ElementReader reader{key};
    std::string text;
    if (reader.remaining_bytes() == 4 + address + 8) text = std::to_string(reader.number()) + " . ";
    if (reader.remaining_bytes() == address) return text + reader.address(family).to_string();
    if (reader.remaining_bytes() == 2 * address) {
        text += reader.address(family).to_string() + " . ";
        return text + reader.address(family).to_string();
    }
    if (reader.remaining_bytes() != address + 8) return hex(key.bytes());
    text += reader.address(family).to_string();
    text += " . " + std::to_string(reader.protocol());
    return text + " . " + std::to_string(reader.port());
}

struct Describer {
    const BatchEntry& entry;
    base::Family family;
    std::optional<std::size_t> offset_bytes;

    std::string operator()(const AddTable&) { return "add table"; }
    std::string operator()(const DestroyTable&) { return "delete table"; }
    std::string operator()(const AddChain& add) { return "add chain '" + add.chain.name + "'"; }
    std::string operator()(const DeleteChain& remove) { return "delete chain '" + remove.name + "'"; }
    std::string operator()(const AddRule& add) {
        return "add rule to chain '" + add.rule.chain + "' (" + add.rule.comment + ")";
    }
    std::string operator()(const FlushChain& flush) { return "flush chain '" + flush.name + "'"; }
    std::string operator()(const AddSet& add) { return "add set '" + add.set.name + "'"; }
    std::string operator()(const FlushSet& flush) { return "flush set '" + flush.name + "'"; }
    std::string operator()(const AddElements& add) {
        return describe_elements("add to set '" + add.set + "'", add.elements);
    }
    std::string operator()(const DeleteElements& remove) {
        return describe_elements("delete from set '" + remove.set + "'", remove.elements);
    }

    /// Which element: the last one that begins at or before the place that the kernel named.
    std::string describe_elements(const std::string& what, const std::vector<Element>& elements) {
        const auto& offsets = entry.element_offsets;
        if (!offset_bytes || offsets.empty() || *offset_bytes < offsets.front())
            return what + ": one of " + std::to_string(offsets.size()) + " elements";
        const auto after = std::ranges::upper_bound(offsets, *offset_bytes);
        const auto index = entry.first_element + static_cast<std::size_t>(after - offsets.begin()) - 1;
        return what + ": element " + describe_key(elements[index].key, family);
    }
};

}  // namespace

std::string describe_entry(const BatchEntry& entry, base::Family family,
                           std::optional<std::size_t> offset_bytes) {
    if (entry.operation == nullptr) return "commit";
    return std::visit(Describer{entry, family, offset_bytes}, *entry.operation);
}

}  // namespace fairlead::kernel::nftables
