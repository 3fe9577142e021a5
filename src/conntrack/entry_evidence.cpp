#include "conntrack/entry_evidence.h"

#include <algorithm>

namespace fairlead::conntrack {

namespace {

constexpr std::size_t kWorstServices = 3;

bool is_udp(const kernel::conntrack::Flow& flow) {
    return flow.protocol == static_cast<std::uint8_t>(base::L4Protocol::kUdp);
}

}  // namespace

EntryCounter::EntryCounter(const FlowNames* names) : names_(names) {
    if (names == nullptr) return;
    counted_.nowhere.emplace();
    nowhere_.resize(names->service_count());
}

void EntryCounter::take(const kernel::conntrack::Flow& flow) {
    ++counted_.looked_at;
    if ((flow.status & kernel::conntrack::status::kSeenReply) == 0) ++counted_.unreplied;
    const auto* frontend = names_ != nullptr ? names_->frontend_of(flow) : nullptr;
    if (frontend == nullptr || !leads_nowhere(flow, *names_, *frontend)) return;
    ++nowhere_[frontend->service];
    ++counted_.nowhere->entries;
    if (is_udp(flow)) ++counted_.nowhere->over_udp;
}

EntryEvidence EntryCounter::evidence() const {
    auto evidence = counted_;
    if (!evidence.nowhere) return evidence;
    auto& worst = evidence.nowhere->worst;
    for (std::uint32_t service = 0; service < nowhere_.size(); ++service)
        if (nowhere_[service] > 0) worst.push_back({names_->service_name(service), nowhere_[service]});
    std::ranges::stable_sort(worst, std::ranges::greater{}, &NowhereEvidence::Service::entries);
    worst.resize(std::min(worst.size(), kWorstServices));
    return evidence;
}

}  // namespace fairlead::conntrack
