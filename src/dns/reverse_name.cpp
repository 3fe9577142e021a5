#include "dns/reverse_name.h"

#include <charconv>
#include <ranges>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::dns {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kIpv4Zone = "\7in-addr\4arpa\0"sv;
constexpr std::string_view kIpv6Zone = "\3ip6\4arpa\0"sv;
constexpr std::size_t kLabelsOfAnyName = 127;

std::size_t label_limit(base::Family family) {
    return base::address_size_bytes(family) * 8 / bits_per_label(family);
}

/// Offsets of the labels of a name on the wire, without the root.
struct LabelOffsets {
    explicit LabelOffsets(std::string_view wire) {
        for (std::size_t at = 0; at + 1 < wire.size(); at += 1U + static_cast<unsigned char>(wire[at]))
            offsets[count++] = static_cast<std::uint8_t>(at);
    }
    std::array<std::uint8_t, kLabelsOfAnyName> offsets{};
    std::size_t count = 0;
};

/// As addresses are written: no zeros in front, no other letters.
std::optional<unsigned> read_number(std::string_view label, base::Family family) {
    constexpr int kDecimal = 10;
    constexpr int kHexadecimal = 16;
    const bool ipv4 = family == base::Family::kIpv4;
    if (label.size() > (ipv4 ? 3 : 1) || (label.size() > 1 && label.front() == '0')) return std::nullopt;
    unsigned number = 0;
    const auto [stop, error] =
        std::from_chars(label.data(), label.data() + label.size(), number, ipv4 ? kDecimal : kHexadecimal);
    if (error != std::errc{} || stop != label.data() + label.size() || number > 0xff) return std::nullopt;
    return number;
}

void set(ReverseName& reverse, std::size_t label, unsigned number) {
    if (reverse.family == base::Family::kIpv4)
        reverse.bytes[label] = std::byte(number);
    else
        reverse.bytes[label / 2] |= std::byte(label % 2 == 0 ? number << 4U : number);
}

}  // namespace

std::size_t bits_per_label(base::Family family) {
    return family == base::Family::kIpv4 ? 8 : 4;
}

bool ReverseName::is_address() const {
    return whole && labels == label_limit(family);
}

std::optional<ReverseName> parse_reverse_name(const Name& name) {
    const auto bytes = name.wire();
    const std::string_view wire(reinterpret_cast<const char*>(bytes.data()), bytes.size());  // NOLINT(*-cast)
    const bool ipv4 = wire.ends_with(kIpv4Zone);
    if (!ipv4 && !wire.ends_with(kIpv6Zone)) return std::nullopt;
    const LabelOffsets labels(wire);
    const auto zone_start = wire.size() - (ipv4 ? kIpv4Zone : kIpv6Zone).size();
    auto left = labels.count - 2;  // labels to the left of the zone's two
    if (labels.offsets[left] != zone_start) return std::nullopt;

    ReverseName reverse;
    reverse.family = ipv4 ? base::Family::kIpv4 : base::Family::kIpv6;
    for (; left > 0 && reverse.labels < label_limit(reverse.family); --left) {
        const auto at = labels.offsets[left - 1];
        const auto number =
            read_number(wire.substr(at + 1U, static_cast<unsigned char>(wire[at])), reverse.family);
        if (!number) break;
        set(reverse, reverse.labels++, *number);
    }
    reverse.whole = left == 0;
    return reverse;
}

Name reverse_name_of(const base::IpAddress& address) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const bool ipv4 = address.family() == base::Family::kIpv4;
    std::string text;
    const auto bytes = address.bytes();
    for (const std::byte byte : std::views::reverse(bytes)) {
        const auto value = std::to_integer<unsigned>(byte);
        if (ipv4)
            text += std::to_string(value) + '.';
        else
            text.append({kDigits[value & 0xfU], '.', kDigits[value >> 4U], '.'});
    }
    return Name::parse(text + (ipv4 ? "in-addr.arpa" : "ip6.arpa")).value();
}

}  // namespace fairlead::dns
