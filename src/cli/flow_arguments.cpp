#include "cli/flow_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/dns_name.h"
#include "base/socket_address.h"

namespace fairlead::cli {

namespace {

using base::ErrorCode;
using base::IpAddress;
using base::Result;
using conntrack::FlowSelection;
using kernel::conntrack::TcpState;
namespace status = kernel::conntrack::status;

std::unexpected<base::Error> refuse(std::string_view option, std::string_view text, std::string_view wanted) {
    return base::fail(ErrorCode::kInvalid, fmt::format("{}: '{}' is not {}", option, text, wanted));
}

Result<std::optional<IpAddress>> parse_address(std::string_view option, const std::string& text) {
    if (text.empty()) return std::optional<IpAddress>{};
    const auto address = IpAddress::parse(text);
    if (!address) return refuse(option, text, "an address");
    return std::optional{*address};
}

Result<void> take_endpoint(const std::string& text, kernel::conntrack::TupleFilter& reply) {
    if (text.empty()) return {};
    if (const auto address = IpAddress::parse(text)) {
        reply.source = *address;
        return {};
    }
    const auto place = base::SocketAddress::parse(text);
    if (!place) return refuse("--endpoint", text, "ADDRESS or ADDRESS:PORT");
    reply.source = place->address;
    reply.source_port = place->port;
    return {};
}

/// Decimal, or hexadecimal after "0x"; nullopt if it is none or does not fit.
std::optional<std::uint32_t> parse_number(std::string_view text) {
    constexpr int kDecimal = 10;
    constexpr int kHexadecimal = 16;
    const bool hexadecimal = text.starts_with("0x");
    if (hexadecimal) text.remove_prefix(2);
    std::uint32_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number,
                                                hexadecimal ? kHexadecimal : kDecimal);
    if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Result<void> take_mark(const std::string& text, kernel::conntrack::BitsFilter& mark) {
    if (text.empty()) return {};
    const auto slash = std::min(text.find('/'), text.size());
    const auto value = parse_number(std::string_view(text).substr(0, slash));
    const auto mask = slash == text.size() ? std::numeric_limits<std::uint32_t>::max()
                                           : parse_number(std::string_view(text).substr(slash + 1));
    // A mask of nothing matches everything: that is not what anybody means.
    if (!value || !mask || *mask == 0 || (*value & ~*mask) != 0)
        return refuse("--mark", text, "VALUE or VALUE/MASK, the value within the mask");
    mark = {*value, *mask};
    return {};
}

Result<void> take_protocol(const std::string& text, std::optional<std::uint8_t>& protocol) {
    if (text.empty()) return {};
    constexpr unsigned kLargest = std::numeric_limits<std::uint8_t>::max();
    for (unsigned number = 0; number <= kLargest; ++number)
        if (kernel::conntrack::name_of_protocol(static_cast<std::uint8_t>(number)) == text)
            protocol = static_cast<std::uint8_t>(number);
    if (const auto number = parse_number(text); number && *number <= kLargest)
        protocol = static_cast<std::uint8_t>(*number);
    if (!protocol) return refuse("--protocol", text, "tcp, udp, sctp, icmp, icmpv6 or a number up to 255");
    return {};
}

/// "SYN_SENT", also as "syn-sent".
std::string spelled_as_conntrack(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        if (c == '-') return '_';
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

Result<void> take_state(const std::string& text, std::optional<TcpState>& state) {
    if (text.empty()) return {};
    const auto names = tcp_state_names();
    const auto found = std::ranges::find(names, spelled_as_conntrack(text));
    if (found == names.end())
        return refuse("--state", text, fmt::format("a state of TCP: {}", fmt::join(names, ", ")));
    state = static_cast<TcpState>(found - names.begin());
    return {};
}

Result<std::string> qualified(std::string_view option, const FlowArguments& arguments,
                              const std::string& name) {
    if (name.empty()) return std::string{};
    if (!base::is_dns_subdomain(name)) return refuse(option, name, "a Kubernetes name");
    return arguments.namespace_name + "/" + name;
}

}  // namespace

std::vector<std::string> tcp_state_names() {
    std::vector<std::string> names;
    for (auto state = 0U; state <= static_cast<unsigned>(TcpState::kSynSent2); ++state)
        names.emplace_back(name_of(static_cast<TcpState>(state)));
    return names;
}

Result<FlowSelection> selection_of(const FlowArguments& arguments) {
    FlowSelection selection;
    auto& filter = selection.filter;
    FAIRLEAD_TRY(selection.service, qualified("--service", arguments, arguments.service));
    FAIRLEAD_TRY(selection.pod, qualified("--pod", arguments, arguments.pod));
    FAIRLEAD_TRY(selection.address, parse_address("--address", arguments.address));
    FAIRLEAD_TRY(filter.original.source, parse_address("--source", arguments.source));
    FAIRLEAD_TRY(filter.original.destination, parse_address("--destination", arguments.destination));
    FAIRLEAD_CHECK(take_endpoint(arguments.endpoint, filter.reply));
    FAIRLEAD_CHECK(take_protocol(arguments.protocol, filter.protocol));
    FAIRLEAD_CHECK(take_state(arguments.state, selection.state));
    FAIRLEAD_CHECK(take_mark(arguments.mark, filter.mark));
    filter.original.destination_port = arguments.port;
    filter.zone = arguments.zone;
    if (arguments.unreplied) filter.status = {0, status::kSeenReply};
    selection.leads_nowhere = arguments.stale;
    FAIRLEAD_CHECK(kernel::conntrack::family_of(filter));
    return selection;
}

}  // namespace fairlead::cli
