#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"

namespace fairlead::base {

enum class Family : std::uint8_t { kIpv4, kIpv6 };

/// "IPv4" or "IPv6", as the Kubernetes API spells it (core/v1 IPFamily).
std::string_view name_of(Family family);

/// Bytes of an address of that family: 4 or 16.
constexpr std::size_t address_size_bytes(Family family) {
    return family == Family::kIpv4 ? 4 : 16;
}

/// An IPv4 or IPv6 address. Ordered by family, then by bytes.
class IpAddress {
  public:
    /// 0.0.0.0
    constexpr IpAddress() = default;

    /// From network-order bytes; `bytes` must be 4 or 16 long.
    explicit IpAddress(std::span<const std::byte> bytes);

    /// From text as RFC 4291 and inet_pton(3) have it; IPv4-mapped IPv6 text becomes an IPv4 address.
    /// Leading zeros in IPv4 parts, zones (%eth0) and surrounding blanks are refused.
    static Result<IpAddress> parse(std::string_view text);

    [[nodiscard]] Family family() const { return family_; }
    /// Network order, 4 or 16 bytes; valid as long as this object.
    [[nodiscard]] std::span<const std::byte> bytes() const;
    /// Shortest text (RFC 5952).
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
    friend std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b) {
        return std::tuple{a.family_, a.numbers()} <=> std::tuple{b.family_, b.numbers()};
    }

    // Rulesets and zones are hundreds of thousands of addresses: the library would hash and compare each
    // byte by itself.
    template <class H>
    friend H AbslHashValue(H state, const IpAddress& address) {
        const auto [high, low] = address.numbers();
        return H::combine(std::move(state), address.family_, high, low);
    }

  private:
    /// The address as a number of 128 bits, its higher half first.
    [[nodiscard]] std::array<std::uint64_t, 2> numbers() const {
        auto numbers = std::bit_cast<std::array<std::uint64_t, 2>>(bytes_);
        if constexpr (std::endian::native == std::endian::little)
            for (auto& number : numbers)
                number = std::byteswap(number);
        return numbers;
    }

    Family family_ = Family::kIpv4;
    std::array<std::byte, 16> bytes_{};  // unused tail is zero
};

/// A CIDR block; host bits are zero.
class Prefix {
  public:
    /// `address` with its host bits cleared; `length` at most 32 or 128.
    Prefix(const IpAddress& address, unsigned length);

    /// "10.96.0.0/12". Refuses a length out of range and host bits that are set.
    static Result<Prefix> parse(std::string_view text);

    [[nodiscard]] Family family() const { return first_.family(); }
    [[nodiscard]] unsigned length() const { return length_; }
    /// First and last address inside.
    [[nodiscard]] const IpAddress& first() const { return first_; }
    [[nodiscard]] IpAddress last() const;
    [[nodiscard]] bool contains(const IpAddress& address) const;
    /// Whether there is an address in both.
    [[nodiscard]] bool overlaps(const Prefix& other) const {
        return contains(other.first_) || other.contains(first_);
    }
    [[nodiscard]] std::string to_string() const;

    friend auto operator<=>(const Prefix&, const Prefix&) = default;
    friend bool operator==(const Prefix&, const Prefix&) = default;

  private:
    IpAddress first_;
    unsigned length_ = 0;
};

/// `prefixes` without those that lie inside another one, sorted.
std::vector<Prefix> without_contained(std::vector<Prefix> prefixes);

/// Transport protocols that Kubernetes Services know (core/v1 Protocol); values are IPPROTO_*.
enum class L4Protocol : std::uint8_t { kTcp = 6, kUdp = 17, kSctp = 132 };

/// "TCP", "UDP" or "SCTP".
std::string_view name_of(L4Protocol protocol);
/// The other way round; anything else is an error.
Result<L4Protocol> parse_l4_protocol(std::string_view text);

/// "10.0.0.1:80" or "[fd00::1]:80".
std::string format_endpoint(const IpAddress& address, std::uint16_t port);

}  // namespace fairlead::base
