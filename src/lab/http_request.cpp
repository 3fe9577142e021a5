#include <algorithm>
#include <cctype>
#include <charconv>

#include "lab/workload.h"

namespace fairlead::lab {

namespace {

using Kind = HttpRequest::Kind;

constexpr std::string_view kMethods[] = {"GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "PATCH ", "OPTIONS "};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// The value of a header field, without blanks around it; empty if absent.
std::string_view header(std::string_view head, std::string_view name) {
    while (!head.empty()) {
        const auto end = std::min(head.find("\r\n"), head.size());
        const auto line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), name)) continue;
        auto value = line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        return value;
    }
    return {};
}

}  // namespace

base::Result<kube::ContainerPort> parse_port(std::string_view text) {
    const auto slash = std::min(text.find('/'), text.size());
    const std::string digits{text.substr(0, slash)};
    std::uint16_t number = 0;
    const auto parsed = std::from_chars(digits.c_str(), digits.c_str() + digits.size(), number);
    if (parsed.ec != std::errc{} || *parsed.ptr != '\0' || number == 0 || slash == text.size())
        return base::fail(base::ErrorCode::kInvalid, "'" + std::string(text) + "' is not PORT/PROTOCOL");
    FAIRLEAD_TRY(const auto protocol, base::parse_l4_protocol(text.substr(slash + 1)));
    return kube::ContainerPort{"", protocol, number};
}

HttpRequest parse_http_request(std::string_view received) {
    const bool begins_like_http = std::ranges::any_of(kMethods, [&](std::string_view method) {
        const auto size = std::min(method.size(), received.size());
        return received.substr(0, size) == method.substr(0, size);
    });
    if (!begins_like_http) return {Kind::kNotHttp, 0, false, false};
    const auto end = received.find("\r\n\r\n");
    if (end == std::string_view::npos) return {Kind::kIncomplete, 0, false, false};
    const auto head = received.substr(0, end);
    std::size_t body_bytes = 0;
    const std::string length{header(head, "content-length")};
    std::from_chars(length.c_str(), length.c_str() + length.size(), body_bytes);
    constexpr std::size_t kLargestBodyBytes = std::size_t{1} << 30U;
    const auto size = end + 4 + std::min(body_bytes, kLargestBodyBytes);
    if (received.size() < size) return {Kind::kIncomplete, 0, false, false};
    const auto first_line = head.substr(0, std::min(head.find("\r\n"), head.size()));
    const auto connection = header(head, "connection");
    const bool keep_alive = first_line.ends_with("HTTP/1.1") ? !equal_ignoring_case(connection, "close")
                                                             : equal_ignoring_case(connection, "keep-alive");
    return {Kind::kWhole, size, received.starts_with("HEAD "), keep_alive};
}

}  // namespace fairlead::lab
