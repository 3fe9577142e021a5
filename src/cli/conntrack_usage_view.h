#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conntrack/usage.h"

namespace fairlead::cli {

/// The ways in which `conntrack top` divides flows.
enum class UsagePart { kServices, kPods, kPeers, kStates };

/// "services", "pods", "peers" or "states"; nullopt for any other text.
std::optional<UsagePart> parse_usage_part(std::string_view text);

/// What was found in the table of connections.
struct UsageView {
    conntrack::Usage usage;
    std::uint32_t flows = 0;            ///< in the table, whether or not they were read
    std::optional<std::uint32_t> most;  ///< how many it may hold
    bool whole = false;                 ///< all were read, not a sample

    /// Flows of the table of which `read` flows of a sample tell.
    [[nodiscard]] std::uint64_t scaled(std::uint32_t read) const;
};

/// For people: a summary, and a table for each of `parts`. `wide`: with all columns.
std::string usage_text(const UsageView& view, const std::vector<UsagePart>& parts, bool wide);

/// Kind ConntrackUsage of fairlead.status/v1alpha1. Its numbers are of the flows that were read.
std::string usage_json(const UsageView& view, const std::vector<UsagePart>& parts);

}  // namespace fairlead::cli
