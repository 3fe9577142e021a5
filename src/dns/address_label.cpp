#include "dns/address_label.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>

#include "base/assert.h"

namespace fairlead::dns {

namespace {

constexpr std::size_t kGroups = 8;
constexpr std::size_t kIpv4Dashes = 3;

struct ZeroRun {
    std::size_t first = kGroups;
    std::size_t count = 0;
};

/// The first of the longest runs of groups that are zero; one alone is no run (RFC 5952, section 4.2).
ZeroRun longest_zero_run(const std::array<unsigned, kGroups>& groups) {
    ZeroRun longest;
    for (std::size_t first = 0; first < kGroups; ++first) {
        const auto end = std::ranges::find_if(groups.begin() + static_cast<std::ptrdiff_t>(first),
                                              groups.end(), [](unsigned group) { return group != 0; });
        const auto count = static_cast<std::size_t>(end - groups.begin()) - first;
        if (count > std::max<std::size_t>(longest.count, 1)) longest = {first, count};
    }
    return longest;
}

bool is_ipv4_mapped(std::span<const std::byte> bytes) {
    const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
    return std::ranges::all_of(bytes.first(10), is_zero) && bytes[10] == std::byte{0xff} &&
           bytes[11] == std::byte{0xff};
}

}  // namespace

AddressLabel::AddressLabel(const base::IpAddress& address) {
    const auto bytes = address.bytes();
    if (address.family() == base::Family::kIpv4)
        append_ipv4(bytes);
    else
        append_ipv6(bytes);
}

void AddressLabel::append_ipv4(std::span<const std::byte> bytes) {
    constexpr int kDecimal = 10;
    for (const auto byte : bytes) {
        if (size_ != 0) text_[size_++] = '-';
        append_number(std::to_integer<unsigned>(byte), kDecimal);
    }
}

void AddressLabel::append_number(unsigned number, int base) {
    const auto [end, error] = std::to_chars(text_.data() + size_, text_.data() + text_.size(), number, base);
    FAIRLEAD_ASSERT(error == std::errc{});
    size_ = static_cast<std::size_t>(end - text_.data());
}

void AddressLabel::append_ipv6(std::span<const std::byte> bytes) {
    constexpr int kHexadecimal = 16;
    std::array<unsigned, kGroups> groups{};
    for (std::size_t i = 0; i < kGroups; ++i)
        groups[i] =
            std::to_integer<unsigned>(bytes[2 * i]) << 8U | std::to_integer<unsigned>(bytes[2 * i + 1]);
    const auto zeros = longest_zero_run(groups);
    for (std::size_t i = 0; i < kGroups; ++i) {
        if (i == zeros.first) {
            text_[size_++] = '-';
            i += zeros.count - 1;
            if (i == kGroups - 1) text_[size_++] = '-';
            continue;
        }
        if (i != 0) text_[size_++] = '-';
        append_number(groups[i], kHexadecimal);
    }
    if (text_[size_ - 1] == '-') text_[size_++] = '0';
}

std::optional<base::IpAddress> parse_address_label(std::string_view label) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (label.empty() || label.size() >= text.size() ||
        label.find_first_not_of("0123456789abcdef-") != std::string_view::npos)
        return std::nullopt;
    const bool ipv4 = std::ranges::count(label, '-') == kIpv4Dashes && !label.contains("--");
    std::ranges::replace_copy(label, text.begin(), '-', ipv4 ? '.' : ':');
    std::array<std::byte, 16> bytes{};
    if (inet_pton(ipv4 ? AF_INET : AF_INET6, text.data(), bytes.data()) != 1) return std::nullopt;
    if (ipv4) return base::IpAddress{std::span{bytes}.first(4)};
    if (is_ipv4_mapped(bytes)) return std::nullopt;
    return base::IpAddress{bytes};
}

}  // namespace fairlead::dns
