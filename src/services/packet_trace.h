#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/objects.h"
#include "kube/objects.h"
#include "services/frontend.h"
#include "services/service_elements.h"

namespace fairlead::services {

/// The first packet of a connection, as it reaches this node. Source and destination are of one family.
struct Packet {
    base::IpAddress source;
    Frontend destination;
    std::string input_interface;  ///< empty: not known; a packet of the node itself has none
};

/// An endpoint as the objects have it, with the reason why a frontend uses it or does not.
struct EndpointReason {
    Backend backend;
    bool used = false;
    std::string why;  ///< "is ready", see explain() in endpoint_reasons.h
};

/// What the objects say of a frontend.
struct ClaimedFrontend {
    kube::ObjectKey service;
    FrontendKind kind = FrontendKind::kClusterIp;
    Backing backing;
    std::size_t endpoint_count = 0;               ///< of the family, used or not
    std::vector<EndpointReason> reasons;          ///< of these, or of the first of them
    std::vector<EndpointReason> outside_reasons;  ///< for connections from outside, where they differ

    [[nodiscard]] const std::vector<EndpointReason>& reasons_for(Origin origin) const {
        return origin == Origin::kOutside ? outside_reasons : reasons;
    }
};

/// What a trace asks, of the packet's family.
struct TraceSources {
    FindElement find;
    std::function<std::optional<ClaimedFrontend>(const Frontend&)> claimed;
    /// Whether an address is one of this node.
    std::function<bool(const base::IpAddress&)> is_local;
    /// Pods are told from others by the interface that they come in by.
    bool pods_by_interface = false;
};

/// What a step is about, in the order of a packet's way.
enum class TraceTopic : std::uint8_t {
    kOrigin,    ///< pod, node or outside
    kFrontend,  ///< of which Service, and how an endpoint is chosen
    kGuard,     ///< loadBalancerSourceRanges
    kSplit,     ///< externalTrafficPolicy Local
    kMemory,    ///< sessionAffinity ClientIP
    kEndpoint,
    kClient,  ///< which address the endpoint sees
    kRefusal,
};
/// "Origin", "Frontend", "Source ranges", "Traffic policy", "Affinity", "Endpoint", "Client", "Not
/// translated".
std::string_view name_of(TraceTopic topic);

/// An element that was looked up in the kernel.
struct TracedElement {
    std::string set;
    std::string text;  ///< as nft prints it; of one that is missing the key
    bool found = false;
};

struct TraceStep {
    TraceTopic topic = TraceTopic::kOrigin;
    std::string says;
    std::vector<TracedElement> elements;
    std::string drift;  ///< how the kernel differs from what the agent wants; empty: it does not
};

enum class Fate : std::uint8_t {
    kEndpoint,   ///< sent to an endpoint
    kUntouched,  ///< no business of fairlead's
    kRejected,   ///< answered at once: nobody is there
    kSilent,     ///< dropped: not answered
};
/// "endpoint", "untouched", "rejected", "dropped".
std::string_view name_of(Fate fate);

/// Where a connection can get to.
struct TracedEndpoint {
    Backend backend;
    bool masqueraded = false;  ///< it sees an address of this node
    std::string why;           ///< why it is used; empty: the objects do not know it
};

struct PacketTrace {
    std::vector<TraceStep> steps;
    Fate fate = Fate::kUntouched;
    std::size_t endpoint_count = 0;         ///< how many it can be
    std::vector<TracedEndpoint> endpoints;  ///< the first kTracedEndpoints of them
    std::string verdict;                    ///< one sentence

    [[nodiscard]] bool drifts() const;
};

/// More endpoints of a Service are counted, not looked up.
inline constexpr std::size_t kTracedEndpoints = 32;

/// Walks the table of layout.h as `packet` would, with single look-ups in the kernel. kNotFound if the kernel
/// has no such table.
base::Result<PacketTrace> trace_packet(const Packet& packet, const TraceSources& sources);

}  // namespace fairlead::services
