#include "conntrack/flow_names.h"

namespace fairlead::conntrack {

void FlowNames::add(const Port& port) {
    if (services_.empty() || services_.back() != port.service) services_.push_back(port.service);
    const auto service = static_cast<std::uint32_t>(services_.size() - 1);
    const auto number = static_cast<std::uint32_t>(served_.size());
    served_.push_back(!port.answers.empty());
    for (const auto& frontend : port.frontends)
        frontends_.try_emplace(frontend, Frontend{service, number});
    for (const auto& [place, pod] : port.answers) {
        answers_.emplace(number, place);
        if (!pod.empty()) add_pod(place.first, pod);
    }
}

void FlowNames::add_pod(const base::IpAddress& address, std::string_view pod) {
    const auto [known, fresh] = pods_.try_emplace(address, static_cast<std::uint32_t>(pod_names_.size()));
    if (fresh)
        pod_names_.append(pod).push_back('\0');
    else if (pod_at(address) != pod)
        known->second = kShared;
}

const FlowNames::Frontend* FlowNames::frontend_of(const kernel::conntrack::Flow& flow) const {
    const auto found = frontends_.find(service_place_of(flow));
    return found == frontends_.end() ? nullptr : &found->second;
}

std::string_view FlowNames::pod_at(const base::IpAddress& address) const {
    const auto found = pods_.find(address);
    return found == pods_.end() ? std::string_view{} : std::string_view{pod_names_.c_str() + found->second};
}

bool leads_nowhere(const kernel::conntrack::Flow& flow, const FlowNames& names,
                   const FlowNames::Frontend& frontend) {
    return is_stale(flow, names.is_served(frontend.port),
                    names.answers(frontend.port, {flow.reply.source, flow.reply.source_port}));
}

}  // namespace fairlead::conntrack
