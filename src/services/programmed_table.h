#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <span>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/nft_tables.h"
#include "services/frontend.h"

namespace fairlead::services {

/// What the kernel's table of one family holds, as far as we wrote it or read it back.
struct ProgrammedTable {
    /// Backends by their index in `endpoints`; none: the frontend is in `no_endpoints` or `dropped`.
    absl::flat_hash_map<Frontend, Backing> frontends;
    absl::flat_hash_set<base::IpAddress> cluster_ips;
    absl::flat_hash_set<base::IpAddress> hairpins;
    std::vector<kernel::nftables::Element> service_cidrs;
    std::vector<kernel::nftables::Element> pod_cidrs;
    /// Number of frontends that use the balancer of that size.
    absl::flat_hash_map<std::uint32_t, std::uint32_t> balancers;
    /// Sizes of balancers that have a chain and no element in the verdict map any more.
    absl::flat_hash_set<std::uint32_t> unlinked_balancers;
};

enum class KernelState : std::uint8_t {
    kAbsent,   ///< no such table
    kForeign,  ///< a table of our name whose layout or content is not ours: replace it
    kOurs,     ///< `table` is what it holds
};

struct ReadBack {
    KernelState state = KernelState::kAbsent;
    ProgrammedTable table;
};

/// Reads the kernel's table of `family` back.
base::Result<ReadBack> read_back(kernel::nftables::NftTables& tables, base::Family family);

}  // namespace fairlead::services
