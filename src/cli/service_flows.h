#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/bounded_reading.h"

namespace fairlead::cli {

/// A frontend of a Service: where connections to it were addressed to.
struct FlowDestination {
    base::IpAddress address;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;

    friend auto operator<=>(const FlowDestination&, const FlowDestination&) = default;
};

/// The flows to a Service that are there now.
struct FlowSummary {
    struct Group {
        base::L4Protocol protocol = base::L4Protocol::kTcp;
        std::string endpoint;  ///< that answers, "10.64.1.2:8080"
        std::size_t flows = 0;

        friend bool operator==(const Group&, const Group&) = default;
    };
    std::size_t flows = 0;                 ///< of those that were read
    std::vector<Group> groups;             ///< the largest first
    std::vector<std::string> first_flows;  ///< kFirstFlows at most
    bool whole = true;                     ///< all of the table was read; else a sample
    std::size_t read = 0;                  ///< flows of everybody's that were read
    std::size_t in_table = 0;

    /// What a number of flows that were read stands for in the whole table.
    [[nodiscard]] std::size_t scaled(std::size_t read_flows) const;
};

inline constexpr std::size_t kFirstFlows = 5;

/// Counts the flows to these destinations, in the process that asks; in a table for which the time is too
/// short, those of a sample (see visit_for). Errors: see ConntrackTable::visit_while.
base::Result<FlowSummary> summarize_flows(kernel::conntrack::ConntrackTable& table,
                                          std::span<const FlowDestination> destinations,
                                          base::Duration time = kReadingTime);

/// "Flows: ..." for people; of an error, why they are not known.
std::string flows_text(const base::Result<FlowSummary>& summary);

}  // namespace fairlead::cli
