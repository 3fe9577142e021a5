#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/nftables/objects.h"
#include "services/frontend.h"
#include "services/kernel_features.h"

namespace fairlead::services {

/// A way to choose an endpoint. Frontends that choose alike share one chain, however many they are.
struct Balancer {
    std::uint32_t size = 0;                ///< number of endpoints or slots to choose from, 1 to kLargestSize
    std::uint32_t affinity_timeout_s = 0;  ///< 0: each connection for itself
    Origin origin = Origin::kCluster;      ///< kOutside: chooses from `outside_endpoints`
    bool splits_origins = false;           ///< connections from outside are sent to `outside_frontends` first
    bool guarded = false;                  ///< only sources in `allowed_sources` pass
    bool consistent = false;               ///< the client's address gives the slot; size is kSlotCount
    bool resets = false;  ///< TCP connections that conntrack does not know are reset, not balanced

    /// 24 bits of a word; etcd could not hold a Service of that size.
    static constexpr std::uint32_t kLargestSize = (1U << 24U) - 1;

    friend auto operator<=>(const Balancer&, const Balancer&) = default;
    friend bool operator==(const Balancer&, const Balancer&) = default;
    template <class H>
    friend H AbslHashValue(H state, const Balancer& balancer) {
        return H::combine(std::move(state), balancer.size, balancer.affinity_timeout_s, balancer.origin,
                          balancer.splits_origins, balancer.guarded, balancer.consistent, balancer.resets);
    }
};

/// The balancer that a frontend uses for connections of that origin; nullopt if it has no backends for them.
std::optional<Balancer> balancer_of(const Backing& backing, Origin origin);

/// "balance-3", "balance-3-sticky-10800", "balance-2-outside", "balance-5-guarded-split",
/// "balance-1024-consistent"; the chain's name.
std::string name_of(const Balancer& balancer);
/// The other way round; nullopt for names of other chains.
std::optional<Balancer> parse_balancer(std::string_view chain);

/// Key of the maps `balancers` and `outside_balancers`, and the second and third word of `frontends`: size
/// and flags . timeout.
struct BalancerKey {
    std::uint32_t size_and_flags = 0;
    std::uint32_t affinity_timeout_s = 0;
    friend bool operator==(const BalancerKey&, const BalancerKey&) = default;
};
/// Of BalancerKey::size_and_flags.
inline constexpr std::uint32_t kGuardedFlag = 1U << 25U;
BalancerKey key_of(const Balancer& balancer);
bool is_consistent(const BalancerKey& key);
bool resets(const BalancerKey& key);

kernel::nftables::Chain balancer_chain(const Balancer& balancer);
/// The rules of the chain, in order.
std::vector<kernel::nftables::Rule> balancer_rules(base::Family family, const Balancer& balancer,
                                                   const KernelFeatures& features = {});

}  // namespace fairlead::services
