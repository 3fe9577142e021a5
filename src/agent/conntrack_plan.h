#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/conntrack_files.h"
#include "conntrack/sizing.h"

namespace fairlead::agent {

/// What an agent that starts now would do about sizes and timeouts, and what it goes by.
struct ConntrackPlan {
    conntrack::SizingFacts facts;
    std::uint64_t flows = 0;                     ///< in this namespace now
    std::optional<std::uint64_t> observed_peak;  ///< by a running agent
    std::vector<conntrack::PlannedValue> values;
};

/// Looks at the files and changes nothing. kNotFound without connection tracking in this namespace.
base::Result<ConntrackPlan> make_conntrack_plan(const ConntrackFiles& files,
                                                const conntrack::SizingSettings& settings,
                                                std::optional<std::uint64_t> observed_peak);

/// A table of all values with reasons, and what it comes to. `wide`: with settings and files.
std::string plan_text(const ConntrackPlan& plan, const ConntrackFiles& files, bool wide);

/// An object of kind ConntrackPlan of fairlead.status/v1alpha1, in one line.
std::string plan_json(const ConntrackPlan& plan, const ConntrackFiles& files);

}  // namespace fairlead::agent
