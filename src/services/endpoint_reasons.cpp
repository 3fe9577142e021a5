#include "services/endpoint_reasons.h"

namespace fairlead::services {

namespace {

std::string or_unknown(std::string_view name) {
    return name.empty() ? "unknown" : std::string(name);
}

/// The places that an endpoint is meant for: "z1, z2".
std::string hinted(const JudgedEndpoint& judged, kube::EndpointHint::Kind kind) {
    std::string names;
    for (const auto& hint : judged.slice->hints_of(judged.index))
        if (hint.kind == kind) names += (names.empty() ? "" : ", ") + judged.slice->names[hint.name];
    return names;
}

}  // namespace

std::string_view name_of(EndpointUse use) {
    switch (use) {
        case EndpointUse::kReady:
            return "Ready";
        case EndpointUse::kLastResort:
            return "LastResort";
        case EndpointUse::kNotReady:
            return "NotReady";
        case EndpointUse::kTerminated:
            return "Terminated";
        case EndpointUse::kNotNeeded:
            return "NotNeeded";
        case EndpointUse::kOtherNode:
            return "OtherNode";
        case EndpointUse::kHintOfOtherNode:
            return "HintOfOtherNode";
        case EndpointUse::kHintOfOtherZone:
            return "HintOfOtherZone";
        case EndpointUse::kOtherFamily:
            return "OtherFamily";
        case EndpointUse::kNoSuchPort:
            return "NoSuchPort";
        case EndpointUse::kNotRoutable:
            return "NotRoutable";
    }
    return "";
}

std::string explain(EndpointUse use, const JudgedEndpoint& judged, const NodePlace& node) {
    const auto& endpoint = judged.endpoint();
    switch (use) {
        case EndpointUse::kReady:
            return "is ready";
        case EndpointUse::kLastResort:
            return "terminates but still serves, and none is ready";
        case EndpointUse::kNotReady:
            return "is not ready";
        case EndpointUse::kTerminated:
            return "terminates and serves no more";
        case EndpointUse::kNotNeeded:
            return "terminates, and others are ready";
        case EndpointUse::kOtherNode:
            return "policy Local: its node is " + or_unknown(judged.slice->node_name(endpoint)) +
                   ", this is " + or_unknown(node.name);
        case EndpointUse::kHintOfOtherNode:
            return "is meant for node " + hinted(judged, kube::EndpointHint::Kind::kNode) +
                   " (hints), this is " + or_unknown(node.name);
        case EndpointUse::kHintOfOtherZone:
            return "is meant for zone " + hinted(judged, kube::EndpointHint::Kind::kZone) +
                   " (hints), this is " + or_unknown(node.zone);
        case EndpointUse::kOtherFamily:
            return "is of the other address family";
        case EndpointUse::kNoSuchPort:
            return "its EndpointSlice " + judged.slice->key.name + " has no port of that name and protocol";
        case EndpointUse::kNotRoutable:
            return "may not be used: loopback, link-local or multicast";
    }
    return "";
}

std::string_view condition_of(const kube::Endpoint& endpoint) {
    if (endpoint.ready) return "ready";
    if (!endpoint.terminating) return "not ready";
    return endpoint.serving ? "terminating, serving" : "terminating";
}

}  // namespace fairlead::services
