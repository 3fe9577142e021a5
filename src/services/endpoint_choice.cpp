#include "services/endpoint_choice.h"

#include <algorithm>
#include <optional>

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

std::optional<EndpointUse> why_no_candidate(const Candidate& candidate, base::Family family) {
    if (candidate.slice.family != family) return EndpointUse::kOtherFamily;
    if (candidate.backend.port == 0) return EndpointUse::kNoSuchPort;
    if (!is_routable(candidate.backend.address)) return EndpointUse::kNotRoutable;
    return std::nullopt;
}

template <class Visit>
void for_each_candidate(Slices slices, const kube::ServicePort& port, base::Family family, Visit visit) {
    for (const auto& slice : slices) {
        const std::uint16_t number = slice->family == family ? target_port(*slice, port) : 0;
        if (number == 0) continue;
        for (std::size_t i = 0; i < slice->endpoints.size(); ++i) {
            const Candidate candidate{*slice, i, {slice->endpoints[i].address, number}};
            if (!why_no_candidate(candidate, family)) visit(candidate);
        }
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

/// What the endpoints of a port have to do with each other.
struct Situation {
    std::size_t candidates = 0;
    Reach reach = Reach::kAnywhere;
    bool any_ready = false;
    bool any_ready_here = false;
};

Situation survey(Slices slices, const kube::ServicePort& port, base::Family family, const NodePlace& node) {
    HintsSeen hints{node};
    Situation situation;
    for_each_candidate(slices, port, family, [&](const Candidate& candidate) {
        ++situation.candidates;
        if (!candidate.endpoint().ready) return;
        hints.see(candidate.slice, candidate.index);
        situation.any_ready = true;
        situation.any_ready_here = situation.any_ready_here || candidate.is_on(node);
    });
    situation.reach = hints.reach();
    return situation;
}

struct Judgement {
    EndpointUse cluster;
    EndpointUse local;
};

EndpointUse judge_reach(const Candidate& candidate, Reach reach, const NodePlace& node) {
    switch (reach) {
        case Reach::kNode:
            if (!candidate.slice.has_node_hint(candidate.index, node.name))
                return EndpointUse::kHintOfOtherNode;
            break;
        case Reach::kZone:
            if (!candidate.slice.has_zone_hint(candidate.index, node.zone))
                return EndpointUse::kHintOfOtherZone;
            break;
        case Reach::kAnywhere:
            break;
    }
    return EndpointUse::kReady;
}

/// Of one that is not ready; `needed`: no other is.
EndpointUse judge_unready(const Candidate& candidate, bool needed) {
    if (!candidate.is_last_resort())
        return candidate.endpoint().terminating ? EndpointUse::kTerminated : EndpointUse::kNotReady;
    return needed ? EndpointUse::kLastResort : EndpointUse::kNotNeeded;
}

Judgement judge(const Candidate& candidate, const Situation& situation, const NodePlace& node) {
    const bool here = candidate.is_on(node);
    if (candidate.endpoint().ready)
        return {judge_reach(candidate, situation.reach, node),
                here ? EndpointUse::kReady : EndpointUse::kOtherNode};
    return {judge_unready(candidate, !situation.any_ready),
            here ? judge_unready(candidate, !situation.any_ready_here) : EndpointUse::kOtherNode};
}

}  // namespace

EndpointChoice choose_endpoints(Slices slices, const kube::ServicePort& port, base::Family family,
                                const NodePlace& node) {
    const auto situation = survey(slices, port, family, node);
    EndpointChoice choice;
    choice.all.reserve(situation.candidates);
    choice.cluster.reserve(situation.candidates);
    for_each_candidate(slices, port, family, [&](const Candidate& candidate) {
        const auto [cluster, local] = judge(candidate, situation, node);
        choice.all.push_back(candidate.backend);
        if (is_used(cluster)) choice.cluster.push_back(candidate.backend);
        if (is_used(local)) choice.local.push_back(candidate.backend);
    });
    const bool all_used = choice.cluster.size() == choice.all.size();
    base::sort_unique(choice.all);
    base::sort_unique(choice.local);
    if (all_used)
        choice.cluster = choice.all;
    else
        base::sort_unique(choice.cluster);
    return choice;
}

std::vector<JudgedEndpoint> judge_endpoints(Slices slices, const kube::ServicePort& port, base::Family family,
                                            const NodePlace& node) {
    const auto situation = survey(slices, port, family, node);
    std::vector<JudgedEndpoint> judged;
    for (const auto& slice : slices) {
        const auto number = target_port(*slice, port);
        for (std::size_t i = 0; i < slice->endpoints.size(); ++i) {
            const Candidate candidate{*slice, i, {slice->endpoints[i].address, number}};
            const auto use = why_no_candidate(candidate, family);
            const auto judgement = use ? Judgement{*use, *use} : judge(candidate, situation, node);
            judged.push_back({slice, i, number, judgement.cluster, judgement.local});
        }
    }
    return judged;
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
