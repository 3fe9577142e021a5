#include "agent/cleanup.h"

#include "dns_server/interception.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "services/layout.h"
#include "services/service_proxy.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// As nft names it: "table ip6 fairlead".
std::string table_name(base::Family family) {
    return std::string("table ") + (family == base::Family::kIpv4 ? "ip " : "ip6 ") +
           std::string(services::kTableName);
}

}  // namespace

Result<net::NamespaceLock> lock_this_namespace() {
    auto lock = net::NamespaceLock::acquire(services::kWriterLock);
    if (lock || lock.error().code != base::ErrorCode::kExists) return lock;
    return base::fail(base::ErrorCode::kExists,
                      "an agent is running in this network namespace (" + lock.error().message + ")");
}

Result<bool> remove_interception() {
    FAIRLEAD_TRY(auto interception, dns_server::Interception::open());
    return interception.apply({});
}

Result<std::string> remove_everything(bool force) {
    const auto lock = lock_this_namespace();
    if (!lock && !force)
        return base::fail(
            lock.error().code,
            lock.error().message +
                ": stop it first, it would put back what is removed (--force: remove all the same)");
    FAIRLEAD_TRY(auto tables, kernel::nftables::NetlinkNftTables::open());
    std::string removed;
    for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
        const auto found = tables.read_table(family, services::kTableName);
        // A table that cannot even be read is there and will go.
        if (!found || *found) removed += "removed " + table_name(family) + "\n";
    }
    FAIRLEAD_CHECK(services::remove_tables(tables));
    FAIRLEAD_TRY(const bool intercepted, remove_interception());
    if (intercepted) removed += "removed the interception of DNS queries\n";
    return removed.empty() ? "nothing to remove: fairlead has no table here\n" : removed;
}

}  // namespace fairlead::agent
