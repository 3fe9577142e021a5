#include <fmt/format.h>

#include <algorithm>

#include "services/elements.h"
#include "services/layout.h"
#include "services/packet_walk.h"

// What becomes of the client's address, and of packets that no endpoint was found for.
namespace fairlead::services {

using base::Result;
using kernel::nftables::ElementBytes;

namespace {

constexpr std::string_view kHairpinReason = "it reached itself through a Service";

}  // namespace

Result<void> PacketWalk::find_client_addresses() {
    kernel_.begin(TraceTopic::kClient);
    FAIRLEAD_TRY(const auto why, why_masqueraded());
    std::string last_reason = why;
    for (auto& endpoint : trace_.endpoints) {
        // What is delivered to the node itself does not pass nat-postrouting, unless it left the node before.
        if (sources_.is_local(endpoint.backend.address) && from_ != From::kNode) continue;
        bool hairpin = false;
        if (endpoint.backend.address == packet_.source) {
            FAIRLEAD_TRY(hairpin, kernel_.has(kHairpin, hairpin_element(packet_.source).key));
        }
        endpoint.masqueraded = hairpin || !why.empty();
        if (hairpin) last_reason = kHairpinReason;
    }
    const bool any = std::ranges::any_of(trace_.endpoints, &TracedEndpoint::masqueraded);
    kernel_.say(any ? "masqueraded: " + last_reason : "keeps its address");
    end(Fate::kEndpoint, endpoint_verdict(last_reason));
    return {};
}

Result<std::string> PacketWalk::why_masqueraded() {
    const auto key = frontend_key_element(packet_.destination).key;
    FAIRLEAD_TRY(const bool everybody, kernel_.has(kMasqueradeAll, key));
    if (everybody) return "externalTrafficPolicy Cluster";
    FAIRLEAD_TRY(const bool node_only, kernel_.has(kMasqueradeNode, key));
    if (node_only && sources_.is_local(packet_.source)) return "it comes from this node";
    FAIRLEAD_TRY(const bool cluster_ip,
                 kernel_.has(kClusterIps, address_element(packet_.destination.address).key));
    if (!cluster_ip) return std::string{};
    FAIRLEAD_TRY(const bool kept, keeps_address());
    return kept ? std::string{} : "it is no pod, and the answer must come back through this node";
}

Result<bool> PacketWalk::keeps_address() {
    FAIRLEAD_TRY(const bool by_address, kernel_.has(kKeptSources, ElementBytes{}.add(packet_.source)));
    if (by_address || packet_.input_interface.empty()) return by_address;
    return kernel_.has(kKeptInterfaces, ElementBytes{}.add_interface_name(packet_.input_interface));
}

Result<void> PacketWalk::refuse_or_leave() {
    kernel_.begin(TraceTopic::kRefusal);
    FAIRLEAD_TRY(const bool refused, is_refused_by_frontend());
    if (refused) return {};
    const auto address = packet_.destination.address;
    const auto text = address.to_string();
    const bool delivered_here = sources_.is_local(address) && from_ != From::kNode;
    if (!delivered_here) {
        FAIRLEAD_TRY(const bool cluster_ip, kernel_.has(kClusterIps, address_element(address).key));
        if (cluster_ip) {
            kernel_.say(text + " is a ClusterIP, but its Service has no such port");
            end(Fate::kRejected,
                fmt::format("rejected: the Service at {} has no port {}/{}", text, packet_.destination.port,
                            base::name_of(packet_.destination.protocol)));
            return {};
        }
        FAIRLEAD_TRY(const bool in_range, kernel_.has(kServiceCidrs, ElementBytes{}.add(address)));
        if (in_range) {
            kernel_.say(text + " is in a service CIDR, but no Service has it");
            end(Fate::kRejected, fmt::format("rejected: no Service has the address {}", text));
            return {};
        }
    }
    kernel_.say("nothing refuses it");
    end(Fate::kUntouched, fmt::format("left alone: {} is no Service's{}", text,
                                      delivered_here ? "; it is delivered to this node itself"
                                                     : "; it is routed as any other"));
    return {};
}

Result<bool> PacketWalk::is_refused_by_frontend() {
    const auto key = frontend_key_element(packet_.destination).key;
    const auto marks =
        claimed_ ? marks_of(packet_.destination, claimed_->backing) : std::vector<FrontendMark>{};
    const auto wanted = [&](std::string_view set) {
        return std::ranges::find(marks, set, &FrontendMark::set) != marks.end();
    };
    FAIRLEAD_TRY(const bool none, kernel_.has(kNoEndpoints, key));
    if (none != wanted(kNoEndpoints))
        kernel_.drift(none ? "the agent does not want this element" : "the agent wants it in @no_endpoints");
    if (none) {
        kernel_.say("no endpoint can be used" + unused_reasons(origin_));
        end(Fate::kRejected,
            "rejected: no endpoint of " + service_name() + " can be used" + unused_reasons(origin_));
        return true;
    }
    FAIRLEAD_TRY(const bool dropped, kernel_.has(kDropped, key));
    if (dropped != wanted(kDropped))
        kernel_.drift(dropped ? "the agent does not want this element" : "the agent wants it in @dropped");
    if (!dropped) return false;
    kernel_.say("traffic policy Local, and no endpoint here" + unused_reasons(origin_));
    end(Fate::kSilent, "dropped: traffic policy Local, and " + service_name() + " has no endpoint here" +
                           unused_reasons(origin_));
    return true;
}

std::string PacketWalk::unused_reasons(Origin origin) const {
    constexpr std::size_t kShown = 3;
    if (!claimed_) return {};
    const auto& reasons = claimed_->reasons_for(origin);
    if (reasons.empty()) return ": it has none";
    std::string text;
    for (std::size_t i = 0; i < std::min(reasons.size(), kShown); ++i)
        text += fmt::format("{} {} {}", i == 0 ? ":" : ",",
                            base::format_endpoint(reasons[i].backend.address, reasons[i].backend.port),
                            reasons[i].why);
    if (reasons.size() > kShown) text += fmt::format(", and {} more", reasons.size() - kShown);
    return text;
}

}  // namespace fairlead::services
