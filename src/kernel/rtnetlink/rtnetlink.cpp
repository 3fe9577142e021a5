#include "kernel/rtnetlink/rtnetlink.h"

#include <linux/netlink.h>

namespace fairlead::kernel::rtnetlink {

using base::Result;

Result<RtNetlink> RtNetlink::open() {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_ROUTE));
    return RtNetlink{std::move(socket)};
}

Result<void> RtNetlink::apply(const Request& request) {
    auto done = socket_.converse(encode(request), [](const netlink::Message&) {});
    if (!done) return base::fail_within(describe(request), std::move(done).error());
    return {};
}

Result<Link> RtNetlink::link(const std::string& name) {
    std::optional<Link> found;
    auto done = socket_.converse(encode_get_link(name),
                                 [&](const netlink::Message& message) { found = decode_link(message); });
    if (!done) return base::fail_within("link " + name, std::move(done).error());
    if (!found) return base::fail(base::ErrorCode::kInternal, "link " + name + ": the kernel named none");
    return *std::move(found);
}

Result<Route> RtNetlink::route_to(const base::IpAddress& destination) {
    const auto place = "route to " + destination.to_string();
    std::optional<Route> found;
    auto done = socket_.converse(encode_get_route(destination),
                                 [&](const netlink::Message& message) { found = decode_route(message); });
    if (!done) return base::fail_within(place, std::move(done).error());
    if (!found) return base::fail(base::ErrorCode::kUnavailable, place + ": none that delivers");
    return *std::move(found);
}

template <class Object>
Result<std::vector<Object>> RtNetlink::dump(DumpKind kind,
                                            std::optional<Object> (*decode)(const netlink::Message&)) {
    constexpr int kTries = 10;
    for (int tries = 1;; ++tries) {
        std::vector<Object> objects;
        auto done = socket_.converse(encode_dump(kind), [&](const netlink::Message& message) {
            if (auto object = decode(message)) objects.push_back(*std::move(object));
        });
        if (done) return objects;
        if (done.error().code != base::ErrorCode::kBusy || tries == kTries)
            return std::unexpected(std::move(done).error());
    }
}

Result<std::vector<Link>> RtNetlink::links() {
    return dump(DumpKind::kLinks, decode_link);
}

Result<std::vector<LinkAddress>> RtNetlink::addresses() {
    return dump(DumpKind::kAddresses, decode_address);
}

Result<std::vector<Route>> RtNetlink::routes() {
    return dump(DumpKind::kRoutes, decode_route);
}

Result<base::IpAddress> RtNetlink::source_towards(const RouteQuery& query) {
    std::optional<base::IpAddress> source;
    const auto where = "route to " + query.destination.to_string();
    auto done = socket_.converse(encode_get_route(query), [&](const netlink::Message& message) {
        if (const auto told = decode_route_source(message)) source = told;
    });
    if (!done) return base::fail_within(where, std::move(done).error());
    if (!source)
        return base::fail(base::ErrorCode::kNotFound, where + ": this node has no address to send from");
    return *source;
}

}  // namespace fairlead::kernel::rtnetlink
