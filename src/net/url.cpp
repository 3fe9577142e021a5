#include <charconv>
#include <optional>

#include "net/http_client.h"

namespace fairlead::net {

namespace {

/// Takes the port off the end of `authority`; 0 if there is none, nullopt if it is no port.
std::optional<std::uint16_t> take_port(std::string_view& authority) {
    const auto colon = authority.rfind(':');
    const bool inside_brackets = !authority.empty() && authority.back() == ']';
    if (colon == std::string_view::npos || inside_brackets) return std::uint16_t{0};
    const auto digits = authority.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (problem != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    authority = authority.substr(0, colon);
    return port;
}

/// RFC 3986 section 2.1. nullopt if a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        constexpr int kHexadecimal = 16;
        unsigned char byte = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, problem] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, kHexadecimal);
        if (problem != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return std::nullopt;
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
    const auto refuse = [&] {
        const auto secret_end = text.find('@');
        const auto shown = secret_end == std::string_view::npos ? text : text.substr(secret_end + 1);
        return base::fail(base::ErrorCode::kInvalid,
                          "'" + std::string(shown) + "' is not a http:// or https:// URL");
    };
    Url url;
    url.tls = text.starts_with("https://");
    if (!url.tls && !text.starts_with("http://")) return refuse();
    auto rest = text.substr(url.tls ? 8 : 7);
    const auto slash = rest.find('/');
    auto authority = rest.substr(0, slash);
    if (slash != std::string_view::npos) url.path = rest.substr(slash);
    while (url.path.ends_with('/'))
        url.path.pop_back();
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const auto decoded = percent_decoded(authority.substr(0, at));
        if (!decoded) return refuse();
        url.user_info = *decoded;
        authority.remove_prefix(at + 1);
    }
    const auto port = take_port(authority);
    if (!port) return refuse();
    constexpr std::uint16_t kHttpsPort = 443;
    constexpr std::uint16_t kHttpPort = 80;
    url.port = *port != 0 ? *port : url.tls ? kHttpsPort : kHttpPort;
    if (authority.starts_with('[') && authority.ends_with(']'))
        authority = authority.substr(1, authority.size() - 2);
    if (authority.empty()) return refuse();
    url.host = authority;
    return url;
}

}  // namespace fairlead::net
