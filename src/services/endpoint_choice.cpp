#include "services/endpoint_choice.h"

#include <algorithm>

#include "base/sort_unique.h"

namespace fairlead::services {

namespace {

using kube::Endpoint;
using kube::EndpointSlice;

/// The port of a slice that belongs to a Service's port; 0 if there is none.
std::uint16_t target_port(const EndpointSlice& slice, const kube::ServicePort& port) {
    for (const auto& candidate : slice.ports)
        if (candidate.name == port.name && candidate.protocol == port.protocol) return candidate.port;
    return 0;
}

/// One endpoint of the port in question.
struct Candidate {
    const EndpointSlice& slice;
    std::size_t index = 0;
    Backend backend;

    [[nodiscard]] const Endpoint& endpoint() const { return slice.endpoints[index]; }
    [[nodiscard]] bool is_last_resort() const { return endpoint().serving && endpoint().terminating; }
    [[nodiscard]] bool is_on(const NodePlace& node) const { return slice.node_name(endpoint()) == node.name; }
};

template <class Visit>
void for_each_candidate(Slices slices, const kube::ServicePort& port, base::Family family, Visit visit) {
    for (const auto& slice : slices) {
        const std::uint16_t number = slice->family == family ? target_port(*slice, port) : 0;
        if (number == 0) continue;
        for (std::size_t i = 0; i < slice->endpoints.size(); ++i)
            if (is_routable(slice->endpoints[i].address))
                visit(Candidate{*slice, i, {slice->endpoints[i].address, number}});
    }
}

/// Which endpoints a node prefers.
enum class Reach : std::uint8_t { kAnywhere, kZone, kNode };

/// Hints count only while all ready endpoints have them: else the others would starve.
class HintsSeen {
  public:
    explicit HintsSeen(const NodePlace& node) : node_(node) {}

    void see(const EndpointSlice& slice, std::size_t index) {
        all_have_node_ = all_have_node_ && slice.has_any_node_hint(index);
        all_have_zone_ = all_have_zone_ && slice.has_any_zone_hint(index);
        one_is_for_node_ = one_is_for_node_ || slice.has_node_hint(index, node_.name);
        one_is_for_zone_ = one_is_for_zone_ || slice.has_zone_hint(index, node_.zone);
    }

    [[nodiscard]] Reach reach() const {
        if (all_have_node_ && one_is_for_node_) return Reach::kNode;
        if (all_have_zone_ && one_is_for_zone_) return Reach::kZone;
        return Reach::kAnywhere;
    }

  private:
    const NodePlace& node_;
    bool all_have_node_ = true;
    bool all_have_zone_ = true;
    bool one_is_for_node_ = false;
    bool one_is_for_zone_ = false;
};

bool is_in_reach(const Candidate& candidate, Reach reach, const NodePlace& node) {
    switch (reach) {
        case Reach::kNode:
            return candidate.slice.has_node_hint(candidate.index, node.name);
        case Reach::kZone:
            return candidate.slice.has_zone_hint(candidate.index, node.zone);
        case Reach::kAnywhere:
            break;
    }
    return true;
}

}  // namespace

EndpointChoice choose_endpoints(Slices slices, const kube::ServicePort& port, base::Family family,
                                const NodePlace& node) {
    HintsSeen hints{node};
    for_each_candidate(slices, port, family, [&](const Candidate& candidate) {
        if (candidate.endpoint().ready) hints.see(candidate.slice, candidate.index);
    });
    const Reach reach = hints.reach();
    EndpointChoice ready;
    EndpointChoice last_resort;
    for_each_candidate(slices, port, family, [&](const Candidate& candidate) {
        const bool is_ready = candidate.endpoint().ready;
        if (!is_ready && !candidate.is_last_resort()) return;
        auto& choice = is_ready ? ready : last_resort;
        if (!is_ready || is_in_reach(candidate, reach, node)) choice.cluster.push_back(candidate.backend);
        if (candidate.is_on(node)) choice.local.push_back(candidate.backend);
    });
    EndpointChoice choice;
    choice.cluster = std::move(ready.cluster.empty() ? last_resort.cluster : ready.cluster);
    choice.local = std::move(ready.local.empty() ? last_resort.local : ready.local);
    base::sort_unique(choice.cluster);
    base::sort_unique(choice.local);
    return choice;
}

bool is_routable(const base::IpAddress& address) {
    const auto bytes = address.bytes();
    const auto first = std::to_integer<unsigned>(bytes[0]);
    const auto second = std::to_integer<unsigned>(bytes[1]);
    if (address.family() == base::Family::kIpv4) {
        const bool multicast = first >= 224 && first < 240;
        const bool broadcast =
            std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{255}; });
        return first != 0 && first != 127 && !(first == 169 && second == 254) && !multicast && !broadcast;
    }
    const bool leading_zeros =
        std::ranges::all_of(bytes.first(15), [](std::byte byte) { return byte == std::byte{0}; });
    const bool unspecified_or_loopback = leading_zeros && std::to_integer<unsigned>(bytes[15]) <= 1;
    return !unspecified_or_loopback && first != 0xff && !(first == 0xfe && (second & 0xc0U) == 0x80);
}

}  // namespace fairlead::services
