#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/nft_tables.h"
#include "services/balancer.h"
#include "services/frontend.h"
#include "services/layout.h"

namespace fairlead::services {

/// What the kernel's table of one family holds, as far as we wrote it or read it back.
struct ProgrammedTable {
    /// Backends by their index in `endpoints` and `outside_endpoints`; those of consistent frontends, whose
    /// indices are slots, sorted.
    absl::flat_hash_map<Frontend, Backing> frontends;
    std::size_t endpoint_count = 0;  ///< backends of all frontends and origins
    absl::flat_hash_set<base::IpAddress> cluster_ips;
    absl::flat_hash_set<base::IpAddress> hairpins;
    /// Number of frontends that use each balancer.
    absl::flat_hash_map<Balancer, std::uint32_t> balancers;
    /// Balancers that have a chain and no element in the verdict map any more.
    absl::flat_hash_set<Balancer> unlinked_balancers;
    /// What `service_endpoints` holds: for how many frontends each endpoint is a backend, and once more where
    /// it is idle.
    absl::flat_hash_map<ServiceEndpoint, std::uint32_t> endpoint_users;
    absl::flat_hash_set<ServiceEndpoint> idle_endpoints;
    LayoutOptions layout;
    /// What the rules are made with.
    KernelFeatures features;
    /// Elements of the sets that follow the configuration, by set, sorted.
    std::map<std::string_view, std::vector<kernel::nftables::Element>> configured;
};

enum class KernelState : std::uint8_t {
    kAbsent,   ///< no such table
    kForeign,  ///< a table of our name whose layout is not ours: replace it
    kDamaged,  ///< our layout, with elements that contradict each other; `table` has the balancers
    kOurs,     ///< `table` is what it holds
};

struct ReadBack {
    KernelState state = KernelState::kAbsent;
    ProgrammedTable table;
};

/// Reads the kernel's table of `family` back; rules that are made with other features are not ours.
base::Result<ReadBack> read_back(kernel::nftables::NftTables& tables, base::Family family,
                                 const KernelFeatures& features = {});

}  // namespace fairlead::services
