#pragma once

#include <optional>
#include <vector>

#include "conntrack/findings.h"
#include "conntrack/flow_names.h"

namespace fairlead::conntrack {

/// Counts entries of the table as findings want them.
class EntryCounter {
  public:
    /// Without `names` it is not known which lead nowhere; they must outlive it.
    explicit EntryCounter(const FlowNames* names);

    void take(const kernel::conntrack::Flow& flow);
    [[nodiscard]] std::uint64_t taken() const { return counted_.looked_at; }
    [[nodiscard]] EntryEvidence evidence() const;

  private:
    const FlowNames* names_;
    EntryEvidence counted_;
    std::vector<std::uint32_t> nowhere_;  // by FlowNames::Frontend::service
};

}  // namespace fairlead::conntrack
