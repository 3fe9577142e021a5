#include "dns_server/interception.h"

#include <algorithm>

#include "base/families.h"
#include "dns_server/interception_tables.h"

namespace fairlead::dns_server {

namespace {

using base::Family;
using base::IpAddress;
using base::Result;
using kernel::nftables::Element;
using kernel::nftables::TableContents;

bool same_layout(const TableContents& found, const TableContents& wanted) {
    return found.table == wanted.table && found.chains == wanted.chains && found.rules == wanted.rules &&
           std::ranges::is_permutation(found.sets, wanted.sets);
}

}  // namespace

Result<Interception> Interception::open() {
    FAIRLEAD_TRY(auto tables, kernel::nftables::NetlinkNftTables::open());
    FAIRLEAD_TRY(auto routes, LocalRoutes::open());
    Interception interception{std::move(tables), std::move(routes)};
    // A host without one of the families has nothing to intercept in it.
    if (auto heart = net::HeartbeatSocket::open(loopback_address(Family::kIpv4)))
        interception.ipv4_heart_ = *std::move(heart);
    if (auto heart = net::HeartbeatSocket::open(loopback_address(Family::kIpv6)))
        interception.ipv6_heart_ = *std::move(heart);
    return interception;
}

void Interception::beat() {
    if (ipv4_heart_) ipv4_heart_->send(kHeartbeatPayload);
    if (ipv6_heart_) ipv6_heart_->send(kHeartbeatPayload);
}

Result<bool> Interception::is_right(const TableContents& wanted, const std::vector<Element>& addresses) {
    const auto& table = wanted.table;
    FAIRLEAD_TRY(const auto found, tables_.read_table(table.family, table.name));
    if (!found || !same_layout(*found, wanted)) return !found && addresses.empty();
    std::vector<Element> elements;
    FAIRLEAD_CHECK(tables_.read_elements(
        table.family, table.name, kAddresses, [&] { elements.clear(); },
        [&](Element element) { elements.push_back(std::move(element)); }));
    std::ranges::sort(elements);
    return !addresses.empty() && elements == addresses;
}

Result<bool> Interception::apply_table(const TableContents& wanted, const std::vector<IpAddress>& addresses) {
    auto elements = address_elements(wanted.table.family, addresses);
    const auto right = is_right(wanted, elements);
    // A kernel without one of the families needs nothing in it.
    const bool without = !right && right.error().code == base::ErrorCode::kUnsupported && elements.empty();
    if (without || (right && *right)) return false;
    if (!right) return std::unexpected(right.error());
    FAIRLEAD_CHECK(tables_.commit(elements.empty() ? removal(wanted.table.family, wanted.table.name)
                                                   : replacement(wanted, std::move(elements))));
    return true;
}

Result<bool> Interception::apply_own_queries(Family family, const std::vector<IpAddress>& addresses) {
    if (!covers_own_queries_) return false;
    auto applied = apply_table(own_queries_table(family), addresses);
    if (applied || applied.error().code != base::ErrorCode::kUnsupported) return applied;
    covers_own_queries_ = false;
    return false;
}

Result<void> Interception::withdraw_from(Family family, std::string_view table) {
    auto withdrawn = tables_.commit(withdrawal(family, table));
    if (withdrawn || withdrawn.error().code == base::ErrorCode::kNotFound ||
        withdrawn.error().code == base::ErrorCode::kUnsupported)
        return {};
    return withdrawn;
}

Result<void> Interception::withdraw() {
    for (const auto family : base::kFamilies)
        for (const auto table : {kOwnQueriesTable, kInterceptionTable})
            FAIRLEAD_CHECK(withdraw_from(family, table));
    return {};
}

Result<void> Interception::remove() {
    FAIRLEAD_CHECK(apply({}));
    return {};
}

Result<bool> Interception::apply(const std::vector<IpAddress>& addresses) {
    bool changed = false;
    // What decides about packets comes last when it is made and goes first when it is removed, the routes
    // are what everything else rests on.
    if (!addresses.empty()) {
        FAIRLEAD_TRY(const bool routed, routes_.apply(addresses));
        changed |= routed;
    }
    for (const auto family : base::kFamilies) {
        FAIRLEAD_TRY(const bool own, apply_own_queries(family, addresses));
        FAIRLEAD_TRY(const bool intercepted, apply_table(interception_table(family), addresses));
        changed |= own || intercepted;
    }
    if (addresses.empty()) {
        FAIRLEAD_TRY(const bool routed, routes_.apply(addresses));
        changed |= routed;
    }
    if (changed && !addresses.empty()) beat();
    return changed;
}

}  // namespace fairlead::dns_server
