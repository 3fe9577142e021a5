#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"

namespace fairlead::dns {

/// An address as one label: the name of a Pod (`pod.Z`), and of an endpoint that has no hostname.
/// "10-64-0-1", "fd00--1"; "fd00--0" for fd00::, as CoreDNS has it, because a label should not end in a dash.
class AddressLabel {
  public:
    explicit AddressLabel(const base::IpAddress& address);

    [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

  private:
    static constexpr std::size_t kLongest = 40;  // eight groups of four, seven dashes, a zero

    void append_number(unsigned number, int base);
    void append_ipv4(std::span<const std::byte> bytes);
    void append_ipv6(std::span<const std::byte> bytes);

    std::array<char, kLongest> text_{};
    std::size_t size_ = 0;
};

/// The other way round, in lower case. IPv6 may be written in any of its forms ("fd00-0--1"), but for an IPv4
/// address inside of it.
std::optional<base::IpAddress> parse_address_label(std::string_view label);

}  // namespace fairlead::dns
