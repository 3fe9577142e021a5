#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/assert.h"

namespace fairlead::base {

namespace {

constexpr std::array<std::byte, 12> kMappedPrefix{
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};

int address_family(Family family) {
    return family == Family::kIpv4 ? AF_INET : AF_INET6;
}

unsigned address_bits(Family family) {
    return static_cast<unsigned>(address_size_bytes(family)) * 8;
}

/// Mask of the host bits in byte `index` for a prefix of `length` bits.
std::byte host_mask(std::size_t index, unsigned length) {
    const auto first_bit = static_cast<unsigned>(index) * 8;
    if (length >= first_bit + 8) return std::byte{0};
    if (length <= first_bit) return std::byte{0xff};
    return std::byte{static_cast<unsigned char>(0xffU >> (length - first_bit))};
}

/// `address` with every host bit set to `ones`.
IpAddress fill_host_bits(const IpAddress& address, unsigned length, bool ones) {
    std::array<std::byte, 16> bytes{};
    const auto source = address.bytes();
    for (std::size_t i = 0; i < source.size(); ++i) {
        const std::byte mask = host_mask(i, length);
        bytes[i] = ones ? (source[i] | mask) : (source[i] & ~mask);
    }
    return IpAddress{std::span{bytes}.first(source.size())};
}

}  // namespace

std::string_view name_of(Family family) {
    return family == Family::kIpv4 ? "IPv4" : "IPv6";
}

IpAddress::IpAddress(std::span<const std::byte> bytes) {
    FAIRLEAD_ASSERT(bytes.size() == 4 || bytes.size() == 16);
    family_ = bytes.size() == 4 ? Family::kIpv4 : Family::kIpv6;
    std::ranges::copy(bytes, bytes_.begin());
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.empty() || text.size() >= terminated.size())
        return fail(ErrorCode::kInvalid, "'" + std::string(text.substr(0, 64)) + "' is not an IP address");
    std::ranges::copy(text, terminated.begin());

    const Family family = text.contains(':') ? Family::kIpv6 : Family::kIpv4;
    std::array<std::byte, 16> bytes{};
    if (inet_pton(address_family(family), terminated.data(), bytes.data()) != 1)
        return fail(ErrorCode::kInvalid, "'" + std::string(text) + "' is not an IP address");
    if (family == Family::kIpv6 && std::ranges::equal(std::span{bytes}.first(12), kMappedPrefix))
        return IpAddress{std::span{bytes}.last(4)};
    return IpAddress{std::span{bytes}.first(address_size_bytes(family))};
}

std::span<const std::byte> IpAddress::bytes() const {
    return std::span{bytes_}.first(address_size_bytes(family_));
}

std::string IpAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    FAIRLEAD_ASSERT(inet_ntop(address_family(family_), bytes_.data(), text.data(), text.size()) != nullptr);
    return text.data();
}

Prefix::Prefix(const IpAddress& address, unsigned length)
    : first_(fill_host_bits(address, length, false)), length_(length) {
    FAIRLEAD_ASSERT(length <= address_bits(address.family()));
}

Result<Prefix> Prefix::parse(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorCode::kInvalid, "'" + std::string(text.substr(0, 64)) + "' " + std::string(why));
    };
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return refuse("is not a CIDR: no '/'");
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return refuse("is not a CIDR: bad address");

    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() ||
        length > address_bits(address->family()))
        return refuse("is not a CIDR: bad prefix length");

    const Prefix prefix{*address, length};
    if (prefix.first() != *address)
        return refuse("has host bits set; did you mean " + prefix.to_string() + "?");
    return prefix;
}

IpAddress Prefix::last() const {
    return fill_host_bits(first_, length_, true);
}

bool Prefix::contains(const IpAddress& address) const {
    return address.family() == family() && fill_host_bits(address, length_, false) == first_;
}

std::string Prefix::to_string() const {
    return first_.to_string() + "/" + std::to_string(length_);
}

std::vector<Prefix> without_contained(std::vector<Prefix> prefixes) {
    std::ranges::sort(prefixes, {}, &Prefix::length);
    std::vector<Prefix> kept;
    for (const auto& prefix : prefixes) {
        const auto holds = [&](const Prefix& wider) { return wider.contains(prefix.first()); };
        if (std::ranges::none_of(kept, holds)) kept.push_back(prefix);
    }
    std::ranges::sort(kept);
    return kept;
}

std::string_view name_of(L4Protocol protocol) {
    switch (protocol) {
        case L4Protocol::kTcp:
            return "TCP";
        case L4Protocol::kUdp:
            return "UDP";
        case L4Protocol::kSctp:
            return "SCTP";
    }
    return "?";
}

Result<L4Protocol> parse_l4_protocol(std::string_view text) {
    for (const auto protocol : {L4Protocol::kTcp, L4Protocol::kUdp, L4Protocol::kSctp})
        if (text == name_of(protocol)) return protocol;
    return fail(ErrorCode::kInvalid, "'" + std::string(text.substr(0, 32)) + "' is not TCP, UDP or SCTP");
}

std::string format_endpoint(const IpAddress& address, std::uint16_t port) {
    const std::string text = address.to_string();
    return (address.family() == Family::kIpv6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

}  // namespace fairlead::base
