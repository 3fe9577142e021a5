#include "base/socket_address.h"

#include <algorithm>
#include <charconv>

namespace fairlead::base {

namespace {

bool is_unspecified(const IpAddress& address) {
    return std::ranges::all_of(address.bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

/// Whether a socket that listens on `address` listens on `other` too.
bool covers(const IpAddress& address, const IpAddress& other) {
    if (address == other) return true;
    return is_unspecified(address) &&
           (address.family() == Family::kIpv6 || address.family() == other.family());
}

}  // namespace

bool SocketAddress::overlaps(const SocketAddress& other) const {
    return port == other.port && (covers(address, other.address) || covers(other.address, address));
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
    const auto refuse = [&] {
        return fail(ErrorCode::kInvalid,
                    "'" + std::string(text) + "' is not ADDRESS:PORT (an IPv6 address stands in brackets)");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    auto host = text.substr(0, colon);
    const auto digits = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);

    const auto address = IpAddress::parse(host);
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool whole = problem == std::errc{} && end == digits.data() + digits.size() && port != 0;
    if (!address || !whole || bracketed != (address->family() == Family::kIpv6)) return refuse();
    return SocketAddress{*address, port};
}

}  // namespace fairlead::base
