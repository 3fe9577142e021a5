#include "services/packet_trace.h"

#include <algorithm>

#include "services/packet_walk.h"

namespace fairlead::services {

std::string_view name_of(TraceTopic topic) {
    constexpr std::string_view kNames[] = {"Origin",   "Frontend", "Source ranges", "Traffic policy",
                                           "Affinity", "Endpoint", "Client",        "Not translated"};
    return kNames[static_cast<std::size_t>(topic)];
}

std::string_view name_of(Fate fate) {
    constexpr std::string_view kNames[] = {"endpoint", "untouched", "rejected", "dropped"};
    return kNames[static_cast<std::size_t>(fate)];
}

bool PacketTrace::drifts() const {
    return std::ranges::any_of(steps, [](const TraceStep& step) { return !step.drift.empty(); });
}

base::Result<PacketTrace> trace_packet(const Packet& packet, const TraceSources& sources) {
    return PacketWalk{packet, sources}.run();
}

}  // namespace fairlead::services
