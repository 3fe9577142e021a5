#include "kernel/nftables/describe_element.h"

#include <array>
#include <bit>
#include <utility>

#include "kernel/nftables/words.h"

namespace fairlead::kernel::nftables {

namespace {

using base::Family;
using base::IpAddress;

/// nft prints numbers of packets as eight digits, the highest first.
std::string hex_number(std::uint32_t number) {
    std::array<std::byte, sizeof number> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes.at(bytes.size() - 1 - i) = static_cast<std::byte>(number >> (8 * i));
    return hex(bytes);
}

std::string take(ElementReader& reader, DataType type) {
    switch (type) {
        case DataType::kIpv4Address:
            return reader.address(Family::kIpv4).to_string();
        case DataType::kIpv6Address:
            return reader.address(Family::kIpv6).to_string();
        case DataType::kInetProtocol:
            return protocol_name(reader.protocol());
        case DataType::kInetService:
            return std::to_string(reader.port());
        case DataType::kMark:
            return hex_number(reader.number());
        case DataType::kInterfaceName:
            return '"' + reader.interface_name() + '"';
        case DataType::kVerdict:
            break;
    }
    return {};
}

/// How many leading bits two addresses have in common, if the first ends in zeros from there and the last in
/// ones.
std::optional<unsigned> prefix_length(const IpAddress& first, const IpAddress& last) {
    unsigned length = 0;
    for (std::size_t i = 0; i < first.bytes().size(); ++i) {
        const auto differing = std::to_integer<std::uint8_t>(first.bytes()[i] ^ last.bytes()[i]);
        length += static_cast<unsigned>(std::countl_zero(differing));
        if (differing != 0) break;
    }
    const base::Prefix prefix{first, length};
    if (prefix.first() != first || prefix.last() != last) return std::nullopt;
    return length;
}

std::string address_range(const IpAddress& first, const IpAddress& last) {
    const auto length = prefix_length(first, last);
    return first.to_string() + (length ? "/" + std::to_string(*length) : "-" + last.to_string());
}

/// One field of a range, which may be one value only.
std::string take_range(ElementReader& first, ElementReader& last, DataType type) {
    if (type == DataType::kIpv4Address || type == DataType::kIpv6Address) {
        const auto family = type == DataType::kIpv4Address ? Family::kIpv4 : Family::kIpv6;
        const auto begin = first.address(family);
        const auto end = last.address(family);
        return begin == end ? begin.to_string() : address_range(begin, end);
    }
    auto begin = take(first, type);
    const auto end = take(last, type);
    if (begin == end) return begin;
    // A prefix of names is what the last of them is filled up behind.
    if (type == DataType::kInterfaceName) return begin.substr(0, begin.size() - 1) + "*\"";
    return begin + "-" + end;
}

std::string joined(std::string text, const std::string& field) {
    return text.empty() ? field : std::move(text) + " . " + field;
}

std::string fields(const std::vector<DataType>& types, const ElementBytes& bytes) {
    if (bytes.bytes().size() != size_bytes_of(types)) return hex(bytes.bytes());
    ElementReader reader{bytes};
    std::string text;
    for (const auto type : types)
        text = joined(std::move(text), take(reader, type));
    return text;
}

std::string key_of(const Set& set, const Element& element) {
    const auto size = size_bytes_of(set.key);
    if (element.key_end.empty() || element.key.bytes().size() != size ||
        element.key_end.bytes().size() != size)
        return fields(set.key, element.key);
    ElementReader first{element.key};
    ElementReader last{element.key_end};
    std::string text;
    for (const auto type : set.key)
        text = joined(std::move(text), take_range(first, last, type));
    return text;
}

/// "3h", "2h59m52s840ms": the units that are not zero.
std::string duration(std::chrono::milliseconds time) {
    using std::chrono::days, std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
    constexpr std::pair<std::chrono::milliseconds, std::string_view> kUnits[] = {
        {days{1}, "d"},
        {hours{1}, "h"},
        {minutes{1}, "m"},
        {seconds{1}, "s"},
        {std::chrono::milliseconds{1}, "ms"}};
    std::string text;
    for (const auto& [unit, name] : kUnits) {
        if (time >= unit) text += std::to_string(time / unit) + std::string(name);
        time %= unit;
    }
    return text.empty() ? "0s" : text;
}

}  // namespace

std::string describe_key(const Set& set, const ElementBytes& key) {
    return fields(set.key, key);
}

std::string describe(const Set& set, const FoundElement& found) {
    const auto& element = found.element;
    auto text = key_of(set, element);
    if (set.counts)
        text += " counter packets " + std::to_string(found.counts.packets) + " bytes " +
                std::to_string(found.counts.bytes);
    if (found.timeout) text += " timeout " + duration(*found.timeout);
    if (found.time_left) text += " expires " + duration(*found.time_left);
    if (!element.verdict_chain.empty()) return text + " : goto " + element.verdict_chain;
    if (!element.data.empty()) text += " : " + fields(set.data, element.data);
    return text;
}

}  // namespace fairlead::kernel::nftables
