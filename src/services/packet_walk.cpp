#include "services/packet_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/consistent_hash.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::services {

using base::Result;
using kernel::nftables::ElementBytes;
using kernel::nftables::ElementReader;

namespace {

std::string text_of(const Backend& backend) {
    return base::format_endpoint(backend.address, backend.port);
}

ElementBytes affinity_key(const Packet& packet) {
    const auto& [address, protocol, port] = packet.destination;
    return ElementBytes{}.add(packet.source).add(address).add(protocol).add_port(port);
}

/// Port . endpoint, as `affinity` has it.
Backend kept_backend(const kernel::nftables::Element& element, base::Family family) {
    ElementReader reader{element.data};
    reader.port();
    Backend backend;
    backend.address = reader.address(family);
    backend.port = reader.port();
    return backend;
}

std::string count_of(std::size_t number) {
    return number == 1 ? "one endpoint" : fmt::format("{} endpoints", number);
}

}  // namespace

PacketWalk::PacketWalk(const Packet& packet, const TraceSources& sources)
    : packet_(packet),
      sources_(sources),
      kernel_(packet.destination.address.family(), sources, trace_),
      claimed_(sources.claimed(packet.destination)) {}

Result<PacketTrace> PacketWalk::run() {
    FAIRLEAD_CHECK(find_origin());
    FAIRLEAD_CHECK(translate());
    if (!decided_) FAIRLEAD_CHECK(refuse_or_leave());
    return std::move(trace_);
}

Result<void> PacketWalk::find_origin() {
    kernel_.begin(TraceTopic::kOrigin);
    FAIRLEAD_TRY(const bool by_address, kernel_.has(kPodCidrs, ElementBytes{}.add(packet_.source)));
    bool by_interface = false;
    if (!by_address && !packet_.input_interface.empty()) {
        FAIRLEAD_TRY(by_interface,
                     kernel_.has(kPodInterfaces, ElementBytes{}.add_interface_name(packet_.input_interface)));
    }
    const auto source = packet_.source.to_string();
    const bool is_node = sources_.is_local(packet_.source);
    from_ = by_address || by_interface ? From::kPod : is_node ? From::kNode : From::kOutside;
    if (from_ == From::kPod)
        kernel_.say("a pod: " + (by_address ? source + " is in @pod_cidrs"
                                            : packet_.input_interface + " is in @pod_interfaces"));
    else if (from_ == From::kNode)
        kernel_.say("this node: " + source + " is one of its addresses");
    else if (sources_.pods_by_interface && packet_.input_interface.empty())
        kernel_.say("outside, unless it comes in by an interface of pods: --interface says which");
    else
        kernel_.say("outside: " + source + " is no address of a pod or of this node");
    return {};
}

Result<void> PacketWalk::translate() {
    kernel_.begin(TraceTopic::kFrontend);
    FAIRLEAD_TRY(auto balancer, pick_balancer(Origin::kCluster));
    if (!balancer) return {};
    if (balancer->guarded) {
        FAIRLEAD_TRY(const bool guarded_off, is_guarded_off());
        if (guarded_off) return {};
    }
    if (balancer->splits_origins) {
        kernel_.begin(TraceTopic::kSplit);
        if (from_ != From::kOutside) {
            kernel_.say("externalTrafficPolicy Local: pods and this node may use every endpoint");
        } else {
            origin_ = Origin::kOutside;
            kernel_.say("externalTrafficPolicy Local: connections from outside stay on this node");
            FAIRLEAD_TRY(balancer, pick_balancer(Origin::kOutside));
            if (!balancer) return {};
        }
    }
    return choose(*balancer);
}

Result<std::optional<Balancer>> PacketWalk::pick_balancer(Origin origin) {
    const bool first = origin == Origin::kCluster;
    FAIRLEAD_TRY(const auto element,
                 kernel_.find(frontends_of(origin), frontend_key_element(packet_.destination).key));
    const auto choice = element ? choice_of(*element, packet_.destination.address.family()) : std::nullopt;
    if (first)
        kernel_.say(!claimed_ ? "no Service's"
                              : fmt::format("{} of {}{}", name_of(claimed_->kind), service_name(),
                                            element ? "" : ", which has no endpoint to choose from"));
    std::optional<Balancer> balancer;
    if (choice && choice->endpoint_count > 0) {
        const auto key = ElementBytes{}
                             .add_number(choice->balancer.size_and_flags)
                             .add_number(choice->balancer.affinity_timeout_s);
        FAIRLEAD_TRY(const auto verdict, kernel_.find(balancers_of(origin), key));
        if (verdict) balancer = parse_balancer(verdict->verdict_chain);
        if (!balancer) kernel_.drift("no chain chooses an endpoint");
    }
    compare(origin, balancer);
    return balancer;
}

void PacketWalk::compare(Origin origin, const std::optional<Balancer>& found) {
    const auto wanted = claimed_ ? balancer_of(claimed_->backing, origin) : std::nullopt;
    if (found == wanted) return;
    if (!wanted)
        kernel_.drift("the agent does not want this element");
    else
        kernel_.drift(fmt::format("the agent wants {}", name_of(*wanted)));
}

Result<bool> PacketWalk::is_guarded_off() {
    kernel_.begin(TraceTopic::kGuard);
    auto key = frontend_key_element(packet_.destination).key;
    FAIRLEAD_TRY(const bool allowed, kernel_.has(kAllowedSources, key.add(packet_.source)));
    if (allowed) {
        kernel_.say("loadBalancerSourceRanges: " + packet_.source.to_string() + " may come");
        return false;
    }
    kernel_.say("loadBalancerSourceRanges: " + packet_.source.to_string() + " may not come");
    end(Fate::kSilent, fmt::format("dropped: {} is not in loadBalancerSourceRanges of {}",
                                   packet_.source.to_string(), service_name()));
    return true;
}

Result<void> PacketWalk::choose(const Balancer& balancer) {
    if (balancer.affinity_timeout_s == 0) {
        FAIRLEAD_CHECK(list_endpoints(balancer));
    } else {
        FAIRLEAD_TRY(const bool kept, remembers(balancer));
        if (!kept) FAIRLEAD_CHECK(list_endpoints(balancer));
    }
    // No endpoint at all: it goes on as it came.
    return trace_.endpoints.empty() ? Result<void>{} : find_client_addresses();
}

Result<bool> PacketWalk::remembers(const Balancer& balancer) {
    kernel_.begin(TraceTopic::kMemory);
    FAIRLEAD_TRY(const auto memory, kernel_.find(kAffinity, affinity_key(packet_)));
    if (!memory) {
        kernel_.say(fmt::format("no memory of this client: it keeps what it gets for {} s",
                                balancer.affinity_timeout_s));
        return false;
    }
    const auto backend = kept_backend(*memory, packet_.source.family());
    FAIRLEAD_TRY(const bool alive,
                 kernel_.has(alive_of(balancer.origin), alive_element(packet_.destination, backend).key));
    if (!alive) {
        kernel_.say(text_of(backend) + ", which this client had, is no endpoint any more");
        return false;
    }
    kernel_.say("this client keeps " + text_of(backend));
    trace_.endpoint_count = 1;
    add_endpoint(balancer.origin, backend);
    return true;
}

Result<void> PacketWalk::list_endpoints(const Balancer& balancer) {
    kernel_.begin(TraceTopic::kEndpoint);
    if (balancer.consistent) return list_consistent(balancer);
    const bool sticky = balancer.affinity_timeout_s > 0;
    trace_.endpoint_count = balancer.size;
    for (std::uint32_t i = 0; i < std::min<std::size_t>(balancer.size, kTracedEndpoints); ++i) {
        const auto key = endpoint_element(packet_.destination, i, {}, sticky).key;
        FAIRLEAD_TRY(const auto element, kernel_.find(endpoints_of(balancer.origin, sticky), key));
        const auto place = element ? endpoint_of(*element, packet_.source.family(), sticky) : std::nullopt;
        if (place)
            add_endpoint(balancer.origin, place->backend);
        else
            kernel_.drift(fmt::format("endpoint {} is missing", i));
    }
    const auto listed = trace_.endpoints.size();
    kernel_.say(
        balancer.size == 1
            ? "the only one"
            : fmt::format("one of {}, at random{}", balancer.size,
                          listed < balancer.size ? fmt::format(" (the first {} are shown)", listed) : ""));
    return {};
}

Result<void> PacketWalk::list_consistent(const Balancer& balancer) {
    const bool sticky = balancer.affinity_timeout_s > 0;
    const auto slot = slot_of_client(packet_.source);
    const auto key = endpoint_element(packet_.destination, slot, {}, sticky).key;
    FAIRLEAD_TRY(const auto element, kernel_.find(endpoints_of(balancer.origin, sticky), key));
    const auto place = element ? endpoint_of(*element, packet_.source.family(), sticky) : std::nullopt;
    const auto* backends = claimed_ ? claimed_->backing.backends_for(balancer.origin) : nullptr;
    kernel_.say(
        fmt::format("slot {} of {}, which the client's address gives{}", slot, balancer.size,
                    backends == nullptr ? "" : fmt::format(": {} endpoints share them", backends->size())));
    if (!place) {
        kernel_.drift(fmt::format("slot {} is missing", slot));
        return {};
    }
    trace_.endpoint_count = 1;
    add_endpoint(balancer.origin, place->backend);
    return {};
}

void PacketWalk::add_endpoint(Origin origin, const Backend& backend) {
    TracedEndpoint endpoint{backend, false, {}};
    if (claimed_) {
        const auto& reasons = claimed_->reasons_for(origin);
        const auto reason = std::ranges::find_if(
            reasons, [&](const EndpointReason& it) { return it.used && it.backend == backend; });
        if (reason != reasons.end()) endpoint.why = reason->why;
    }
    if (claimed_ && endpoint.why.empty()) kernel_.drift("the agent does not want " + text_of(backend));
    trace_.endpoints.push_back(std::move(endpoint));
}

std::string PacketWalk::service_name() const {
    return claimed_ ? claimed_->service.to_string() : "a Service that the agent does not know";
}

std::string PacketWalk::endpoint_verdict(const std::string& why_hidden) const {
    const auto hidden = std::ranges::count_if(trace_.endpoints, &TracedEndpoint::masqueraded);
    const auto listed = static_cast<std::ptrdiff_t>(trace_.endpoints.size());
    const auto where = trace_.endpoint_count == 1
                           ? text_of(trace_.endpoints.front().backend) + ", an endpoint of " + service_name()
                           : "one of " + count_of(trace_.endpoint_count) + " of " + service_name();
    if (hidden == 0) return fmt::format("reaches {}, which sees {}", where, packet_.source.to_string());
    if (hidden == listed)
        return fmt::format("reaches {}, which sees an address of this node: {}", where, why_hidden);
    return fmt::format("reaches {}, which sees {}, but itself an address of this node", where,
                       packet_.source.to_string());
}

void PacketWalk::end(Fate fate, std::string verdict) {
    trace_.fate = fate;
    trace_.verdict = std::move(verdict);
    decided_ = true;
}

}  // namespace fairlead::services
