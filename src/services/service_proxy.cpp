#include "services/service_proxy.h"

#include "services/layout.h"

namespace fairlead::services {

ServiceProxy::ServiceProxy(const Options& options, kernel::nftables::NftTables& tables)
    : ipv4_(base::Family::kIpv4, options, catalog_, tables),
      ipv6_(base::Family::kIpv6, options, catalog_, tables) {}

void ServiceProxy::stage(const kube::ChangeSet& changes) {
    flows_.note(changes, ipv4_, ipv6_);
    const auto touched = catalog_.apply(changes);
    ipv4_.update(touched);
    ipv6_.update(touched);
    health_checks_.update(catalog_, touched, ipv4_.options().compile.node.name);
    localhost_ports_.update(catalog_, touched, ipv4_.options().compile);
    for (const auto id : touched)
        catalog_.release_if_empty(id);
}

bool ServiceProxy::configure(const Options& options) {
    if (options == ipv4_.asked_options()) return false;
    for (const auto* proxy : {&ipv4_, &ipv6_})
        flows_.note_options(catalog_, *proxy, within(options, proxy->features()).compile);
    ipv4_.configure(options);
    ipv6_.configure(options);
    localhost_ports_.update(catalog_, catalog_.all(), options.compile);
    return true;
}

void ServiceProxy::distrust_kernel() {
    ipv4_.distrust_kernel();
    ipv6_.distrust_kernel();
}

std::vector<WatchedAddress> ServiceProxy::take_watched_addresses() {
    for (auto* proxy : {&ipv4_, &ipv6_})
        flows_.note_leftovers(proxy->take_leftovers());
    return flows_.take(catalog_, ipv4_, ipv6_);
}

base::Result<void> stop_translating(kernel::nftables::NftTables& tables) {
    for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
        kernel::nftables::Transaction transaction{layout(family).table};
        for (const auto chain : kTranslatingChains)
            transaction.add(kernel::nftables::FlushChain{std::string(chain)});
        auto done = tables.commit(transaction);
        if (!done && done.error().code != base::ErrorCode::kNotFound) return done;
    }
    return {};
}

base::Result<void> remove_tables(kernel::nftables::NftTables& tables) {
    for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
        kernel::nftables::Transaction transaction{layout(family).table};
        transaction.add(kernel::nftables::DestroyTable{});
        const auto removed = tables.commit(transaction);
        // A kernel that cannot have such a table has none.
        if (!removed && removed.error().code != base::ErrorCode::kUnsupported) return removed;
    }
    return {};
}

}  // namespace fairlead::services
