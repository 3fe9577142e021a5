#include "kernel/nftables/describe.h"

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

/// As `nft` writes it.
std::string protocol_name(std::uint8_t number) {
    switch (static_cast<base::L4Protocol>(number)) {
        case base::L4Protocol::kTcp:
            return "tcp";
        case base::L4Protocol::kUdp:
            return "udp";
        case base::L4Protocol::kSctp:
            return "sctp";
    }
    return std::to_string(number);
}

struct Describer {
    base::Family family;
    std::optional<std::size_t> element;

    std::string operator()(const AddTable&) { return "add table"; }
    std::string operator()(const DestroyTable&) { return "delete table"; }
    std::string operator()(const AddChain& add) { return "add chain '" + add.chain.name + "'"; }
    std::string operator()(const DeleteChain& remove) { return "delete chain '" + remove.name + "'"; }
    std::string operator()(const AddRule& add) {
        const std::string text = "add rule to chain '" + add.rule.chain + "'";
        return add.rule.comment.empty() ? text : text + " (" + add.rule.comment + ")";
    }
    std::string operator()(const FlushChain& flush) { return "flush chain '" + flush.name + "'"; }
    std::string operator()(const AddSet& add) { return "add set '" + add.set.name + "'"; }
    std::string operator()(const FlushSet& flush) { return "flush set '" + flush.name + "'"; }
    std::string operator()(const AddElements& add) {
        return with_element("add to set '" + add.set + "'", add.elements);
    }
    std::string operator()(const DeleteElements& remove) {
        return with_element("delete from set '" + remove.set + "'", remove.elements);
    }

    std::string with_element(const std::string& what, const std::vector<Element>& elements) {
        if (!element || *element >= elements.size())
            return what + ": one of " + std::to_string(elements.size()) + " elements";
        const Element& it = elements[*element];
        std::string text = what + ": element " + describe_key(it.key, family);
        if (!it.key_end.empty()) text += "-" + describe_key(it.key_end, family);
        return text;
    }
};

}  // namespace

std::string describe(const Table& table) {
    return std::string("table ") + (table.family == base::Family::kIpv4 ? "ip " : "ip6 ") + table.name;
}

std::string describe(const Operation& operation, base::Family family, std::optional<std::size_t> element) {
    return std::visit(Describer{family, element}, operation);
}

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
    text += " . " + protocol_name(reader.protocol());
    return text + " . " + std::to_string(reader.port());
}

}  // namespace fairlead::kernel::nftables
