#include "conntrack/flow_names.h"

#include <algorithm>
#include <cstring>

namespace fairlead::conntrack {

namespace {

template <class Address>
Address bytes_of(const base::IpAddress& address) {
    Address bytes;
    std::ranges::copy(address.bytes(), bytes.begin());
    return bytes;
}

template <class Answer>
Answer answer_of(std::uint32_t port, const Place& place) {
    Answer answer;
    const auto address = place.first.bytes();
    std::memcpy(answer.data(), &port, sizeof port);
    std::memcpy(answer.data() + sizeof port, address.data(), address.size());
    std::memcpy(answer.data() + sizeof port + address.size(), &place.second, sizeof place.second);
    return answer;
}

}  // namespace

/// `use` gets the OfFamily of `address`.
template <class Self, class Use>
auto FlowNames::with_family(Self& self, const base::IpAddress& address, Use use) {
    return address.family() == base::Family::kIpv4 ? use(self.ipv4_) : use(self.ipv6_);
}

void FlowNames::add(const Port& port) {
    if (services_.empty() || services_.back() != port.service) services_.push_back(port.service);
    const auto service = static_cast<std::uint32_t>(services_.size() - 1);
    const auto number = static_cast<std::uint32_t>(served_.size());
    served_.push_back(!port.answers.empty());
    for (const auto& frontend : port.frontends)
        frontends_.try_emplace(frontend, Frontend{service, number});
    for (const auto& [place, pod] : port.answers) {
        with_family(*this, place.first, [&]<std::size_t kBytes>(OfFamily<kBytes>& family) {
            family.answers.insert(answer_of<typename OfFamily<kBytes>::Answer>(number, place));
        });
        if (!pod.empty()) add_pod(place.first, pod);
    }
}

void FlowNames::add_pod(const base::IpAddress& address, std::string_view pod) {
    const auto next = static_cast<std::uint32_t>(pod_names_.size());
    const bool fresh = with_family(*this, address, [&]<std::size_t kBytes>(OfFamily<kBytes>& family) {
        const auto [known, added] =
            family.pods.try_emplace(bytes_of<typename OfFamily<kBytes>::Address>(address), next);
        if (!added && std::string_view{pod_names_.c_str() + known->second} != pod) known->second = kShared;
        return added;
    });
    if (fresh) pod_names_.append(pod).push_back('\0');
}

bool FlowNames::answers(std::uint32_t port, const Place& place) const {
    return with_family(*this, place.first, [&]<std::size_t kBytes>(const OfFamily<kBytes>& family) {
        return family.answers.contains(answer_of<typename OfFamily<kBytes>::Answer>(port, place));
    });
}

const FlowNames::Frontend* FlowNames::frontend_of(const kernel::conntrack::Flow& flow) const {
    const auto found = frontends_.find(service_place_of(flow));
    return found == frontends_.end() ? nullptr : &found->second;
}

std::string_view FlowNames::pod_at(const base::IpAddress& address) const {
    return with_family(*this, address, [&]<std::size_t kBytes>(const OfFamily<kBytes>& family) {
        const auto found = family.pods.find(bytes_of<typename OfFamily<kBytes>::Address>(address));
        return found == family.pods.end() ? std::string_view{}
                                          : std::string_view{pod_names_.c_str() + found->second};
    });
}

bool leads_nowhere(const kernel::conntrack::Flow& flow, const FlowNames& names,
                   const FlowNames::Frontend& frontend) {
    return is_stale(flow, names.is_served(frontend.port),
                    names.answers(frontend.port, {flow.reply.source, flow.reply.source_port}));
}

}  // namespace fairlead::conntrack
