#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::cli {

/// What one Pod asked the node's DNS server, as the agent's page /dns-usage has it.
struct PodDnsUsage {
    struct WastedName {
        std::string name;
        std::uint64_t queries = 0;
    };
    std::string namespace_name;
    std::string pod;
    std::uint64_t queries = 0;
    std::uint64_t lookups = 0;
    std::uint64_t wasted = 0;
    std::uint64_t collapsed = 0;
    std::uint64_t avoided = 0;
    std::uint64_t would_collapse = 0;
    std::uint64_t avoidable = 0;
    std::vector<WastedName> wasted_names;  ///< the most wasteful first
    std::string cure;                      ///< empty: nothing to cure
};

/// In the order of the page.
base::Result<std::vector<PodDnsUsage>> parse_dns_usage(std::string_view json);

/// A line for each Pod, then the cure of each that has one. `wide`: with what mode "count" found, and with
/// the wasted names.
std::string dns_usage_text(const std::vector<PodDnsUsage>& pods, bool wide);

/// Kind DnsUsageList of fairlead.status/v1alpha1.
std::string dns_usage_json(const std::vector<PodDnsUsage>& pods);

}  // namespace fairlead::cli
