#include "migrate/pods.h"

#include <algorithm>
#include <array>
#include <bit>

namespace fairlead::migrate {

namespace {

using base::Family;
using base::IpAddress;
using kernel::nftables::Compare;
using kernel::nftables::CompareOp;
using kernel::nftables::Element;
using kernel::nftables::ElementReader;

constexpr unsigned kByteBits = 8;

/// The bits that two addresses have in common before the first that differs.
unsigned common_bits(std::span<const std::byte> a, std::span<const std::byte> b) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto different = std::to_integer<std::uint8_t>(a[i] ^ b[i]);
        bits += static_cast<unsigned>(std::countl_zero(different));
        if (different != 0) break;
    }
    return bits;
}

/// The prefix whose first bytes are these; others are zero.
std::string prefix_text(std::span<const std::byte> bytes, unsigned length, Family family) {
    std::array<std::byte, 16> padded{};
    std::ranges::copy(bytes.first(std::min(bytes.size(), base::address_size_bytes(family))), padded.begin());
    return base::Prefix{IpAddress{std::span{padded}.first(base::address_size_bytes(family))}, length}
        .to_string();
}

/// A name as nft compares it: whole with the NUL that ends it, a prefix without.
std::string interface_text(std::span<const std::byte> bytes) {
    std::string name;
    for (const auto byte : bytes) {
        if (byte == std::byte{0}) return name;
        name += static_cast<char>(byte);
    }
    return name + "*";
}

}  // namespace

Pods pods_of(std::span<const Element> sources, std::span<const Element> interfaces, Family family) {
    Pods pods;
    for (const auto& element : sources) {
        if (element.key.bytes().size() != base::address_size_bytes(family) ||
            element.key_end.bytes().size() != element.key.bytes().size())
            continue;
        const auto length = common_bits(element.key.bytes(), element.key_end.bytes());
        // Everybody keeps it: nobody is told from anybody.
        if (length > 0) pods.insert(prefix_text(element.key.bytes(), length, family));
    }
    for (const auto& element : interfaces)
        pods.insert(ElementReader{element.key}.interface_name() +
                    (element.key == element.key_end ? "" : "*"));
    return pods;
}

Pods pods_of(const kernel::nftables::Rule& rule, Family family) {
    unsigned length = 0;
    bool interface = false;
    Pods pods;
    for (const auto& expression : rule.expressions) {
        if (const auto* payload = std::get_if<kernel::nftables::LoadPayload>(&expression)) {
            length = payload->length_bytes * kByteBits;
            interface = false;
        }
        if (const auto* mask = std::get_if<kernel::nftables::Bitwise>(&expression)) {
            const std::vector<std::byte> ones(mask->mask.size(), std::byte{0xff});
            length = common_bits(mask->mask, ones);
        }
        if (const auto* meta = std::get_if<kernel::nftables::LoadMeta>(&expression))
            interface = meta->key == kernel::nftables::MetaKey::kInputInterfaceName;
        const auto* compare = std::get_if<Compare>(&expression);
        if (compare == nullptr || compare->op != CompareOp::kNotEqual) continue;
        if (!interface && length > base::address_size_bytes(family) * kByteBits) continue;
        pods.insert(interface ? interface_text(compare->value) : prefix_text(compare->value, length, family));
    }
    return pods;
}

}  // namespace fairlead::migrate
