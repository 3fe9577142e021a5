#pragma once

#include <string_view>

#include "kernel/nftables/objects.h"
#include "kernel/nftables/transaction.h"
#include "services/frontend.h"
#include "services/invalid_guard.h"
#include "services/kernel_features.h"

namespace fairlead::services {

/// What of the table the configuration decides. Each can be changed in a table that is in use.
struct LayoutOptions {
    bool counts_connections = false;  ///< it has what connection_counts.h makes, too
    InvalidGuard guard = InvalidGuard::kEndpoints;

    friend bool operator==(const LayoutOptions&, const LayoutOptions&) = default;
};

/// The table of one family: every chain, set and rule of the data plane but the balancers, which come and go
/// with the numbers of endpoints that are in use. docs/services.md describes what each is for.
/// `features` decide about rules alone.
kernel::nftables::TableContents layout(base::Family family, const LayoutOptions& options = {},
                                       const KernelFeatures& features = {});

/// Makes that table where there is none.
void append_layout_to(kernel::nftables::Transaction& transaction, base::Family family,
                      const LayoutOptions& options, const KernelFeatures& features);

/// The name of fairlead's table in both families.
inline constexpr std::string_view kTableName = "fairlead";

/// Whoever writes the tables of a network namespace holds the lock of this name (net::NamespaceLock).
inline constexpr const char* kWriterLock = "fairlead-agent";

// Names of sets and maps.
inline constexpr std::string_view kFrontends = "frontends";
inline constexpr std::string_view kOutsideFrontends = "outside_frontends";
inline constexpr std::string_view kBalancers = "balancers";
inline constexpr std::string_view kOutsideBalancers = "outside_balancers";
inline constexpr std::string_view kEndpoints = "endpoints";
inline constexpr std::string_view kOutsideEndpoints = "outside_endpoints";
inline constexpr std::string_view kStickyEndpoints = "sticky_endpoints";
inline constexpr std::string_view kOutsideStickyEndpoints = "outside_sticky_endpoints";
inline constexpr std::string_view kAffinity = "affinity";
inline constexpr std::string_view kAlive = "alive";
inline constexpr std::string_view kOutsideAlive = "outside_alive";
inline constexpr std::string_view kAllowedSources = "allowed_sources";
inline constexpr std::string_view kNoEndpoints = "no_endpoints";
inline constexpr std::string_view kDropped = "dropped";
inline constexpr std::string_view kClusterIps = "cluster_ips";
inline constexpr std::string_view kMasqueradeAll = "masquerade_all";
inline constexpr std::string_view kMasqueradeNode = "masquerade_node";
inline constexpr std::string_view kHairpin = "hairpin";
inline constexpr std::string_view kServiceEndpoints = "service_endpoints";
inline constexpr std::string_view kConnections = "connections";

// Sets that follow the configuration, not the Services.
inline constexpr std::string_view kServiceCidrs = "service_cidrs";
inline constexpr std::string_view kPodCidrs = "pod_cidrs";
inline constexpr std::string_view kPodInterfaces = "pod_interfaces";
inline constexpr std::string_view kKeptSources = "kept_sources";
inline constexpr std::string_view kKeptInterfaces = "kept_interfaces";

/// The base chains by which new connections come to their endpoints.
inline constexpr std::string_view kTranslatingChains[] = {"nat-prerouting", "nat-output"};

/// The chain that sends connections from outside to `outside_frontends`, and returns for all others.
inline constexpr std::string_view kOutsideChain = "from-outside";
/// The chain that says at once that nobody is there.
inline constexpr std::string_view kRefuseChain = "refuse";
/// The chains that see packets in state INVALID.
inline constexpr std::string_view kGuardInput = "guard-input";
inline constexpr std::string_view kGuardForward = "guard-forward";
inline constexpr std::string_view kGuardOutput = "guard-output";

constexpr std::string_view frontends_of(Origin origin) {
    return origin == Origin::kCluster ? kFrontends : kOutsideFrontends;
}
/// Two maps, for the kernel refuses what looks like a loop: a balancer of the first leads to the second.
constexpr std::string_view balancers_of(Origin origin) {
    return origin == Origin::kCluster ? kBalancers : kOutsideBalancers;
}
/// Whether clients keep their endpoint decides which map holds the endpoints of a frontend.
constexpr std::string_view endpoints_of(Origin origin, bool sticky) {
    if (sticky) return origin == Origin::kCluster ? kStickyEndpoints : kOutsideStickyEndpoints;
    return origin == Origin::kCluster ? kEndpoints : kOutsideEndpoints;
}
constexpr std::string_view alive_of(Origin origin) {
    return origin == Origin::kCluster ? kAlive : kOutsideAlive;
}

}  // namespace fairlead::services
