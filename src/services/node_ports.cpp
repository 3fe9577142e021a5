#include "services/node_ports.h"

#include <algorithm>

#include "base/sort_unique.h"
#include "services/endpoint_choice.h"

namespace fairlead::services {

namespace {

using base::IpAddress;

constexpr std::string_view kPrimary = "primary";
constexpr std::string_view kLocalhost = "localhost";
constexpr std::string_view kAll = "all";

constexpr const char* kLoopbackRanges[] = {"127.0.0.0/8", "::1/128"};

bool is_within(const base::Prefix& cidr, const base::Prefix& range) {
    return cidr.family() == range.family() && cidr.length() >= range.length() && range.contains(cidr.first());
}

/// The address by which the cluster knows the node in a family, or the first one there is.
void add_primary(std::vector<IpAddress>& addresses, std::span<const IpAddress> local,
                 std::span<const IpAddress> primary) {
    for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
        const auto usable = [&](const IpAddress& address) {
            return address.family() == family && is_routable(address);
        };
        for (const auto candidates : {primary, local}) {
            const auto found = std::ranges::find_if(candidates, usable);
            if (found == candidates.end()) continue;
            addresses.push_back(*found);
            break;
        }
    }
}

}  // namespace

base::Result<NodePortAddresses> NodePortAddresses::parse(std::span<const std::string> texts) {
    NodePortAddresses result;
    for (const auto& text : texts) {
        if (text == kPrimary)
            result.primary = true;
        else if (text == kLocalhost)
            result.localhost = true;
        else if (text == kAll)
            result.all = true;
        else if (const auto prefix = base::Prefix::parse(text))
            result.cidrs.push_back(*prefix);
        else
            return base::fail(base::ErrorCode::kInvalid,
                              "'" + text + "' is neither a CIDR nor one of primary, localhost, all");
    }
    return result;
}

std::vector<std::string> NodePortAddresses::to_texts() const {
    std::vector<std::string> texts;
    for (const auto& [chosen, text] : {std::pair{primary, kPrimary}, {localhost, kLocalhost}, {all, kAll}})
        if (chosen) texts.emplace_back(text);
    for (const auto& cidr : cidrs)
        texts.push_back(cidr.to_string());
    return texts;
}

std::vector<IpAddress> NodePortAddresses::localhost_addresses() const {
    std::vector<IpAddress> addresses;
    for (const auto* const text : kLoopbackRanges) {
        const auto loopback = *base::Prefix::parse(text);
        if (localhost ||
            std::ranges::any_of(cidrs, [&](const auto& cidr) { return is_within(cidr, loopback); }))
            addresses.push_back(
                *IpAddress::parse(loopback.family() == base::Family::kIpv4 ? "127.0.0.1" : "::1"));
    }
    return addresses;
}

void NodePortAddresses::drop_localhost() {
    if (localhost_addresses().empty()) return;
    localhost = false;
    for (const auto* const text : kLoopbackRanges)
        std::erase_if(cidrs, [loopback = *base::Prefix::parse(text)](const auto& cidr) {
            return is_within(cidr, loopback);
        });
    if (empty()) cidrs.push_back(*base::Prefix::parse("0.0.0.0/32"));  // no address of any node
}

std::vector<IpAddress> node_port_addresses(const NodePortAddresses& wanted, std::span<const IpAddress> local,
                                           std::span<const IpAddress> primary) {
    std::vector<IpAddress> addresses;
    if (wanted.primary || wanted.empty()) add_primary(addresses, local, primary);
    for (const auto& address : local) {
        const auto holds = [&](const base::Prefix& cidr) { return cidr.contains(address); };
        if (is_routable(address) && (wanted.all || std::ranges::any_of(wanted.cidrs, holds)))
            addresses.push_back(address);
    }
    base::sort_unique(addresses);
    return addresses;
}

}  // namespace fairlead::services
