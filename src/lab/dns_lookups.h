#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/connect_probe.h"
#include "lab/dns_stage.h"

namespace fairlead::lab {

/// Names that a Pod's resolver finds in the same way.
struct LookupKind {
    std::string what;  ///< for people
    std::vector<std::string> names;
};
/// What programs in Pods look up.
std::vector<LookupKind> lookup_kinds();

/// What lookups cost by one way.
struct LookupCost {
    std::size_t lookups = 0;
    Percentiles seconds;
    std::size_t packets = 0;                 ///< at the Pod's device, both directions
    std::size_t queries = 0;                 ///< of these
    std::size_t queries_at_cluster_dns = 0;  ///< at its node's device
};
struct LookupCosts {
    LookupKind kind;
    LookupCost plain;
    LookupCost fairlead;
};

/// Looks all kinds of names up by both ways in turn. kInternal names a name that they find differently.
base::Result<std::vector<LookupCosts>> measure_lookups(DnsStage& stage);

}  // namespace fairlead::lab
