#include "conntrack/flow_selection.h"

#include <utility>
#include <vector>

namespace fairlead::conntrack {

namespace {

using kernel::conntrack::Flow;

constexpr std::size_t kBatchFlows = 1024;  // held at a time

bool has_address(const Flow& flow, const base::IpAddress& address) {
    return flow.original.source == address || flow.original.destination == address ||
           flow.reply.source == address;
}

}  // namespace

bool selects(const FlowSelection& selection, const FlowNames& names, const Flow& flow) {
    if (!matches(selection.filter, flow)) return false;
    if (selection.address && !has_address(flow, *selection.address)) return false;
    if (selection.state && flow.tcp_state != selection.state) return false;
    if (!selection.pod.empty() && names.pod_at(flow.reply.source) != selection.pod) return false;
    if (selection.service.empty() && !selection.leads_nowhere) return true;
    const auto* frontend = names.frontend_of(flow);
    if (frontend == nullptr) return false;
    if (!selection.service.empty() && names.service_name(frontend->service) != selection.service)
        return false;
    return !selection.leads_nowhere || leads_nowhere(flow, names, *frontend);
}

base::Result<std::size_t> delete_selected(kernel::conntrack::ConntrackTable& table,
                                          const FlowSelection& selection, const FlowNames& names) {
    if (selection == FlowSelection{})
        return base::fail(base::ErrorCode::kInvalid,
                          "nothing says which flows: that would delete all of them");
    std::size_t deleted = 0;
    std::vector<Flow> batch;
    base::Result<void> all_well;
    const auto delete_batch = [&] {
        if (const auto done = table.delete_flows(std::exchange(batch, {})))
            deleted += *done;
        else
            all_well = std::unexpected(done.error());
    };
    FAIRLEAD_CHECK(table.visit_while(selection.filter, [&](const Flow& flow) {
        if (selects(selection, names, flow)) batch.push_back(flow);
        if (batch.size() == kBatchFlows) delete_batch();
        return all_well.has_value();
    }));
    if (all_well) delete_batch();
    FAIRLEAD_CHECK(all_well);
    return deleted;
}

}  // namespace fairlead::conntrack
