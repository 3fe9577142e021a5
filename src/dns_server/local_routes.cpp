#include "dns_server/local_routes.h"

#include <algorithm>

namespace fairlead::dns_server {

namespace {

using base::IpAddress;
using base::Result;
using kernel::rtnetlink::AddRoute;
using kernel::rtnetlink::DeleteRoute;
using kernel::rtnetlink::Route;
using kernel::rtnetlink::RouteKind;

base::Prefix host_prefix(const IpAddress& address) {
    return {address, static_cast<unsigned>(address.bytes().size() * 8)};
}

}  // namespace

Result<LocalRoutes> LocalRoutes::open() {
    FAIRLEAD_TRY(auto rtnetlink, kernel::rtnetlink::RtNetlink::open());
    return LocalRoutes{std::move(rtnetlink)};
}

Result<std::vector<Route>> LocalRoutes::own_routes() {
    FAIRLEAD_TRY(auto routes, rtnetlink_.routes());
    std::erase_if(routes, [](const Route& route) { return route.origin != kRouteOrigin; });
    return routes;
}

Result<void> LocalRoutes::add(const IpAddress& address, std::uint32_t loopback,
                              const std::optional<IpAddress>& source) {
    Route route{host_prefix(address), std::nullopt, loopback, RouteKind::kLocal, false, source, kRouteOrigin};
    return rtnetlink_.apply(AddRoute{route});
}

Result<bool> LocalRoutes::remove_unwanted(const std::vector<IpAddress>& wanted) {
    FAIRLEAD_TRY(const auto found, own_routes());
    bool changed = false;
    for (const auto& route : found) {
        const auto leads_to = [&](const IpAddress& address) {
            return route.destination == host_prefix(address);
        };
        if (std::ranges::any_of(wanted, leads_to)) continue;
        FAIRLEAD_CHECK(rtnetlink_.apply(DeleteRoute{route}));
        changed = true;
    }
    return changed;
}

Result<bool> LocalRoutes::apply(const std::vector<IpAddress>& addresses) {
    FAIRLEAD_TRY(const auto link, rtnetlink_.link("lo"));
    bool changed = false;
    // Only a list of all routes tells of those that are not wanted, and a router has a million.
    if (applied_ != addresses) {
        FAIRLEAD_TRY(changed, remove_unwanted(addresses));
    }
    for (const auto& address : addresses) {
        const auto way = rtnetlink_.route_to(address);
        if (way && way->kind == RouteKind::kLocal) continue;
        FAIRLEAD_CHECK(add(address, link.index, way ? way->source : std::nullopt));
        changed = true;
    }
    applied_ = addresses;
    return changed;
}

}  // namespace fairlead::dns_server
