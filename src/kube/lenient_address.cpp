#include "kube/lenient_address.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace fairlead::kube {

namespace {

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, in which IPv4 addresses are written as IPv6

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto first = std::min(text.find_first_not_of(kBlanks), text.size());
    const auto last = text.find_last_not_of(kBlanks);
    return last == std::string_view::npos ? std::string_view{} : text.substr(first, last - first + 1);
}

/// "010.0.00.1" as "10.0.0.1"; other texts as they are.
std::string without_leading_zeros(std::string_view text) {
    if (text.contains(':')) return std::string(text);
    const auto is_digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool leads = text[i] == '0' && is_digit(i + 1);
        const bool is_inside = !result.empty() && result.back() >= '0' && result.back() <= '9';
        if (!leads || is_inside) result += text[i];
    }
    return result;
}

}  // namespace

base::Result<base::IpAddress> parse_lenient_ip(std::string_view text) {
    return base::IpAddress::parse(without_leading_zeros(without_blanks(text)));
}

base::Result<base::Prefix> parse_lenient_cidr(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return base::fail(base::ErrorCode::kInvalid,
                          "'" + std::string(text.substr(0, 64)) + "' is not a CIDR: " + std::string(why));
    };
    const auto wanted = without_blanks(text);
    const auto slash = wanted.find('/');
    if (slash == std::string_view::npos) return refuse("no '/'");
    const auto address = parse_lenient_ip(wanted.substr(0, slash));
    if (!address) return refuse("bad address");
    const auto digits = wanted.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size()) return refuse("bad prefix length");
    const bool mapped = wanted.contains(':') && address->family() == base::Family::kIpv4;
    if (mapped && length < kMappedBits) return refuse("bad prefix length");
    if (mapped) length -= kMappedBits;
    if (length > base::address_size_bytes(address->family()) * 8) return refuse("bad prefix length");
    return base::Prefix{*address, length};
}

}  // namespace fairlead::kube
