#include "kernel/nftables/describe.h"

#include <algorithm>

#include "kernel/nftables/words.h"

namespace fairlead::kernel::nftables {

namespace {

constexpr std::size_t kWordBytes = 4;

/// Of an address 'a', number 'n', protocol 'p' or port 's' in a concatenation.
std::size_t field_bytes(char field, base::Family family) {
    return field == 'a' ? base::address_size_bytes(family) : kWordBytes;
}

/// Whether a key can be one of these fields: by its size, and by a protocol that is one of ours.
bool fits(const ElementBytes& key, base::Family family, std::string_view fields) {
    const auto bytes = key.bytes();
    std::size_t offset = 0;
    for (const char field : fields) {
        if (offset >= bytes.size()) return false;
        const auto number = std::to_integer<std::uint8_t>(bytes[offset]);
        if (field == 'p' && protocol_name(number) == std::to_string(number)) return false;
        offset += field_bytes(field, family);
    }
    return offset == bytes.size();
}

std::string fields(const ElementBytes& key, base::Family family, std::string_view fields) {
    ElementReader reader{key};
    std::string text;
    for (const char field : fields) {
        if (!text.empty()) text += " . ";
        if (field == 'a') text += reader.address(family).to_string();
        if (field == 'n') text += std::to_string(reader.number());
        if (field == 'p') text += protocol_name(reader.protocol());
        if (field == 's') text += std::to_string(reader.port());
    }
    return text;
}

/// Letters, digits and what else is usual in a name, then NULs or the 0xff that end a range of names. An
/// address of IPv6 that looks like this is not in use.
bool is_interface_name(const ElementBytes& key) {
    constexpr std::string_view kUsual = ".-_@";
    const auto bytes = key.bytes();
    if (bytes.size() != ElementBytes::kLongestInterfaceNameBytes + 1) return false;
    const auto usual = [&](std::byte byte) {
        const auto c = std::to_integer<unsigned char>(byte);
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               kUsual.contains(static_cast<char>(c));
    };
    const auto end = std::ranges::find_if_not(bytes, usual);
    const auto filled = [&](std::byte with) {
        return std::all_of(end, bytes.end(), [&](std::byte byte) { return byte == with; });
    };
    return end != bytes.begin() && bytes[0] >= std::byte{'0'} &&
           (filled(std::byte{0}) || filled(std::byte{0xff}));
}

/// As nft writes it; the last name of a prefix as the prefix.
std::string interface_name(const ElementBytes& key) {
    const std::string name = ElementReader{key}.interface_name();
    const auto filling = name.find('\xff');
    return '"' + (filling == std::string::npos ? name : name.substr(0, filling) + "*") + '"';
}

/// Two of them, each under 65536: no addresses that anybody uses.
bool are_small_numbers(const ElementBytes& key) {
    constexpr std::uint32_t kSmall = 0xffff;
    if (key.bytes().size() != 2 * kWordBytes) return false;
    ElementReader reader{key};
    return reader.number() <= kSmall && reader.number() <= kSmall;
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
    std::string operator()(const DeleteSet& remove) { return "delete set '" + remove.name + "'"; }
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
    const std::size_t size = key.bytes().size();
    if (is_interface_name(key)) return interface_name(key);
    if (are_small_numbers(key)) return fields(key, family, "nn");
    if (size == address) return fields(key, family, "a");
    if (size == 2 * address) return fields(key, family, "aa");
    // Around the address, protocol and port of a Service.
    for (const auto* const before : {"", "n", "a"})
        for (const auto* const after : {"", "a", "as"})
            if (const auto text = std::string(before) + "aps" + after; fits(key, family, text))
                return fields(key, family, text);
    return hex(key.bytes());
}

}  // namespace fairlead::kernel::nftables
