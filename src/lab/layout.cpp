#include "lab/layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::lab {

namespace {

base::IpAddress address(const std::string& text) {
    return base::IpAddress::parse(text).value();
}

PrefixPair prefixes(const std::string& ipv4, const std::string& ipv6) {
    return {base::Prefix::parse(ipv4).value(), base::Prefix::parse(ipv6).value()};
}

AddressPair on_node_network(unsigned host) {
    return {address(fmt::format("172.18.0.{}", host)), address(fmt::format("fd00:172:18::{}", host))};
}

constexpr unsigned kFirstNodeHost = 10;

}  // namespace

base::Result<std::string> parse_lab_name(std::string_view text) {
    constexpr std::size_t kLongest = 16;
    const bool usable = !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (usable) return std::string(text);
    return base::fail(base::ErrorCode::kInvalid,
                      "'" + std::string(text) + "' cannot name a lab: 1 to 16 of a-z and 0-9 can");
}

PrefixPair pod_range() {
    return prefixes("10.64.0.0/16", "fd00:10:64::/48");
}

PrefixPair service_range() {
    return prefixes("10.96.0.0/12", "fd00:10:96::/112");
}

PrefixPair node_network() {
    return prefixes("172.18.0.0/24", "fd00:172:18::/64");
}

AddressPair switch_address() {
    return on_node_network(1);
}

AddressPair client_address() {
    return on_node_network(2);
}

AddressPair node_address(unsigned node) {
    return on_node_network(kFirstNodeHost + node);
}

PrefixPair pod_range_of(unsigned node) {
    return prefixes(fmt::format("10.64.{}.0/24", node), fmt::format("fd00:10:64:{}::/64", node));
}

AddressPair pod_gateway(unsigned node) {
    return pod_address(node, 1);
}

AddressPair pod_address(unsigned node, unsigned host) {
    return {address(fmt::format("10.64.{}.{}", node, host)),
            address(fmt::format("fd00:10:64:{}::{}", node, host))};
}

std::string namespace_prefix(std::string_view lab) {
    return fmt::format("fl-{}-", lab);
}

std::string machine_namespace(std::string_view lab, std::string_view machine) {
    return namespace_prefix(lab) + std::string(machine);
}

std::string pod_namespace(std::string_view lab, const kube::ObjectKey& pod) {
    return namespace_prefix(lab) + pod.namespace_name + "_" + pod.name;
}

}  // namespace fairlead::lab
