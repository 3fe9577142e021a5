#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "conntrack/flow_names.h"

namespace fairlead::conntrack {

/// Which flows are meant: those for which everything holds that is given. Without anything: all flows.
struct FlowSelection {
    kernel::conntrack::FlowFilter filter;    ///< what the kernel may look at too
    std::optional<base::IpAddress> address;  ///< of the client, of what it addressed, or of who answers
    std::optional<kernel::conntrack::TcpState> state;
    std::string service;  ///< "shop/cart": what the client addressed
    std::string pod;      ///< "shop/cart-1": who answers
    bool leads_nowhere = false;

    friend bool operator==(const FlowSelection&, const FlowSelection&) = default;

    /// It cannot be told without names of Services and Pods.
    [[nodiscard]] bool needs_names() const { return !service.empty() || !pod.empty() || leads_nowhere; }
};

bool selects(const FlowSelection& selection, const FlowNames& names, const kernel::conntrack::Flow& flow);

/// Deletes the flows that are meant, and nothing else; how many. kInvalid for a selection without anything,
/// which would delete everything.
base::Result<std::size_t> delete_selected(kernel::conntrack::ConntrackTable& table,
                                          const FlowSelection& selection, const FlowNames& names);

}  // namespace fairlead::conntrack
