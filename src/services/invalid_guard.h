#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "kernel/nftables/objects.h"
#include "kernel/nftables/transaction.h"
#include "services/kernel_features.h"

namespace fairlead::services {

// A packet that conntrack calls INVALID is not translated. From an endpoint it reaches a client that knows no
// such connection, and whose reset then ends a connection that was well. docs/conntrack.md tells more.

/// Whose packets in state INVALID are dropped.
enum class InvalidGuard : std::uint8_t {
    kEndpoints,  ///< those that come from an endpoint of a Service
    kAll,        ///< everybody's
    kNone,       ///< nobody's
};

/// Where packets are dropped: each hook has a chain of its own, whose rule counts.
struct GuardedHook {
    std::string_view chain;
    std::string_view hook;  ///< "forward", for people
};
std::span<const GuardedHook> guarded_hooks();

/// The set of the endpoints, address . protocol . port: on a node's own address there is more than endpoints.
kernel::nftables::Set service_endpoints_set(base::Family family);
std::vector<kernel::nftables::Chain> guard_chains();
/// Sends packets in state INVALID to the chain of that name.
kernel::nftables::Rule rule_that_guards(std::string_view base_chain, std::string_view chain);
std::vector<kernel::nftables::Rule> guard_rules(base::Family family, InvalidGuard guard);

/// Replaces the rules of one guard by those of another. Touches nothing else; counts begin anew.
void append_guard_to(kernel::nftables::Transaction& transaction, base::Family family, InvalidGuard guard,
                     const KernelFeatures& features);

}  // namespace fairlead::services
