#include "services/elements_reader.h"

#include <algorithm>

#include "base/sort_unique.h"
#include "services/consistent_hash.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Result;

// No Service has so many endpoints: such an index would only cost memory.
constexpr std::uint32_t kLargestIndex = 1U << 20U;

std::vector<Backend> sorted(std::vector<Backend> backends) {
    std::ranges::sort(backends);
    return backends;
}

void forget_backends(Backing& backing, Origin origin) {
    if (origin == Origin::kCluster)
        backing.backends.clear();
    else
        backing.outside_backends.reset();
}

}  // namespace

Result<bool> ElementsReader::read() {
    for (const auto origin : kOrigins)
        FAIRLEAD_CHECK(read_frontends(origin));
    FAIRLEAD_CHECK(read_marks());
    for (const auto& [origin, choices] : choices_)
        check_choices(origin, choices);
    check_marks();
    for (const auto origin : kOrigins)
        FAIRLEAD_CHECK(read_alive(origin));
    for (const auto& [frontend, backing] : table_.frontends)
        table_.endpoint_count += backing.endpoint_count();
    FAIRLEAD_CHECK(read_balancers());
    FAIRLEAD_CHECK(read_addresses(kClusterIps, address_element, table_.cluster_ips));
    FAIRLEAD_CHECK(read_addresses(kHairpin, hairpin_element, table_.hairpins));
    count_endpoint_users();
    FAIRLEAD_CHECK(read_service_endpoints());
    for (const auto set : {kServiceCidrs, kPodCidrs, kPodInterfaces, kKeptSources, kKeptInterfaces})
        FAIRLEAD_CHECK(read_configured(set));
    return ours_;
}

Result<void> ElementsReader::read_set(std::string_view set, const std::function<void()>& restart,
                                      const std::function<void(Element)>& visit) {
    return tables_.read_elements(family_, kTableName, set, restart, visit);
}

Result<void> ElementsReader::read_frontends(Origin origin) {
    FAIRLEAD_TRY(choices_[origin], read_choices(origin));
    return read_endpoints(origin, choices_[origin]);
}

Result<ElementsReader::Choices> ElementsReader::read_choices(Origin origin) {
    Choices choices;
    FAIRLEAD_CHECK(read_set(
        frontends_of(origin), [&] { choices.clear(); },
        [&](const Element& element) {
            const auto choice = choice_of(element, family_);
            distrust_unless(choice.has_value());
            if (choice) choices.emplace(choice->frontend, *choice);
        }));
    return choices;
}

Result<void> ElementsReader::read_endpoints(Origin origin, const Choices& choices) {
    for (const bool sticky : {false, true}) {
        const auto is_of_this_set = [&](const Frontend& frontend) {
            const auto choice = choices.find(frontend);
            return choice != choices.end() && (choice->second.balancer.affinity_timeout_s > 0) == sticky;
        };
        const auto restart = [&] {
            for (auto& [frontend, backing] : table_.frontends)
                if (is_of_this_set(frontend)) forget_backends(backing, origin);
        };
        FAIRLEAD_CHECK(read_set(endpoints_of(origin, sticky), restart, [&](const Element& element) {
            const auto place = endpoint_of(element, family_, sticky);
            distrust_unless(place && place->index < kLargestIndex && is_of_this_set(place->frontend));
            if (ours_) take_endpoint(origin, *place, choices);
        }));
    }
    return {};
}

void ElementsReader::take_endpoint(Origin origin, const EndpointPlace& place, const Choices& choices) {
    auto& backing = backing_of(place.frontend);
    if (origin == Origin::kOutside && !backing.outside_backends) backing.outside_backends.emplace();
    auto& backends = origin == Origin::kCluster ? backing.backends : *backing.outside_backends;
    if (backends.empty())
        backends.reserve(std::min(choices.find(place.frontend)->second.endpoint_count, kLargestIndex));
    if (backends.size() <= place.index) backends.resize(place.index + 1);
    backends[place.index] = place.backend;
}

Result<void> ElementsReader::read_marks() {
    FAIRLEAD_TRY(const auto rejected, read_frontend_keys(kNoEndpoints));
    for (const auto& frontend : rejected)
        backing_of(frontend).unserved = Unserved::kRejected;
    FAIRLEAD_TRY(const auto dropped, read_frontend_keys(kDropped));
    for (const auto& frontend : dropped)
        if (auto& backing = backing_of(frontend); backing.backends.empty())
            backing.unserved = Unserved::kDropped;
    FAIRLEAD_TRY(const auto masqueraded, read_frontend_keys(kMasqueradeAll));
    for (const auto& frontend : masqueraded)
        backing_of(frontend).masqueraded = true;
    FAIRLEAD_TRY(const auto splitting, read_frontend_keys(kMasqueradeNode));
    for (const auto& frontend : splitting)
        if (auto& backing = backing_of(frontend); !backing.outside_backends)
            backing.outside_backends.emplace();
    return read_allowed_sources();
}

Result<std::vector<Frontend>> ElementsReader::read_frontend_keys(std::string_view set) {
    std::vector<Frontend> frontends;
    FAIRLEAD_CHECK(read_set(
        set, [&] { frontends.clear(); },
        [&](const Element& element) {
            const auto frontend = frontend_of(element.key, family_);
            distrust_unless(frontend.has_value());
            if (frontend) frontends.push_back(*frontend);
        }));
    mark_counts_[set] = frontends.size();
    return frontends;
}

Result<void> ElementsReader::read_allowed_sources() {
    std::vector<std::pair<Frontend, base::Prefix>> sources;
    FAIRLEAD_CHECK(read_set(
        kAllowedSources, [&] { sources.clear(); },
        [&](const Element& element) {
            const auto source = allowed_source_of(element, family_);
            distrust_unless(source.has_value());
            if (source) sources.push_back(*source);
        }));
    mark_counts_[kAllowedSources] = sources.size();
    std::ranges::sort(sources);
    for (const auto& [frontend, source] : sources)
        backing_of(frontend).allowed_sources.push_back(source);
    return {};
}

/// Every frontend has as many endpoints as it says, without gaps, and the balancer that goes with what it is.
void ElementsReader::check_choices(Origin origin, const Choices& choices) {
    std::size_t served = 0;
    for (const auto& [frontend, backing] : table_.frontends) {
        const auto* backends = backing.backends_for(origin);
        if (backends == nullptr || backends->empty()) continue;
        ++served;
        const auto choice = choices.find(frontend);
        distrust_unless(
            choice != choices.end() && choice->second.endpoint_count == backends->size() &&
            std::ranges::all_of(*backends, [](const Backend& backend) { return backend.port != 0; }));
    }
    distrust_unless(served == choices.size());
    if (!ours_) return;
    for (const auto& [frontend, choice] : choices) {
        auto& backing = backing_of(frontend);
        if (origin == Origin::kCluster) {
            backing.affinity_timeout_s = choice.balancer.affinity_timeout_s;
            backing.consistent = is_consistent(choice.balancer);
            backing.resets = resets(choice.balancer);
        }
        const auto balancer = balancer_of(backing, origin);
        const auto user_count = table_.balancers.find(*balancer);
        distrust_unless(key_of(*balancer) == choice.balancer && user_count != table_.balancers.end());
        if (!ours_) return;
        ++user_count->second;
        if (backing.consistent) take_owners(backing, origin);
    }
}

/// What was read are slots: keeps the endpoints that own them.
void ElementsReader::take_owners(Backing& backing, Origin origin) {
    auto& backends = *backing.backends_for(origin);
    const auto slots = backends;
    base::sort_unique(backends);
    distrust_unless(slots_of(backends) == slots);
}

/// Nothing is marked that would not be marked anew.
void ElementsReader::check_marks() {
    std::map<std::string_view, std::size_t> wanted;
    for (const auto& [frontend, backing] : table_.frontends)
        for (const auto& mark : marks_of(frontend, backing))
            ++wanted[mark.set];
    for (const auto& [set, count] : mark_counts_)
        distrust_unless(count == wanted[set]);
}

Result<void> ElementsReader::read_alive(Origin origin) {
    absl::flat_hash_map<Frontend, std::vector<Backend>> alive;
    FAIRLEAD_CHECK(read_set(
        alive_of(origin), [&] { alive.clear(); },
        [&](const Element& element) {
            const auto endpoint = alive_endpoint_of(element.key, family_);
            distrust_unless(endpoint.has_value());
            if (endpoint) alive[endpoint->first].push_back(endpoint->second);
        }));
    for (auto& [frontend, backing] : table_.frontends) {
        auto* backends = backing.backends_for(origin);
        if (backing.affinity_timeout_s == 0 || backends == nullptr || backends->empty()) continue;
        const auto known = alive.find(frontend);
        distrust_unless(known != alive.end());
        if (known == alive.end()) continue;
        const auto kept = sorted(std::move(known->second));
        alive.erase(known);
        if (kept == sorted(*backends)) continue;
        // An endpoint may have no slot and still have clients that keep it.
        distrust_unless(backing.consistent && slots_of(kept) == slots_of(*backends));
        if (backing.consistent) *backends = kept;
    }
    distrust_unless(alive.empty());
    return {};
}

Result<void> ElementsReader::read_balancers() {
    absl::flat_hash_set<Balancer> reachable;
    for (const auto origin : kOrigins) {
        const auto forget = [&] {
            absl::erase_if(reachable, [&](const Balancer& balancer) { return balancer.origin == origin; });
        };
        FAIRLEAD_CHECK(read_set(balancers_of(origin), forget, [&](const Element& element) {
            const auto balancer = parse_balancer(element.verdict_chain);
            distrust_unless(balancer && balancer->origin == origin && element == balancer_element(*balancer));
            if (balancer) reachable.insert(*balancer);
        }));
    }
    for (const auto& [balancer, users] : table_.balancers) {
        if (reachable.contains(balancer)) continue;
        distrust_unless(users == 0);
        table_.unlinked_balancers.insert(balancer);
    }
    for (const auto& balancer : table_.unlinked_balancers)
        table_.balancers.erase(balancer);
    return {};
}

Result<void> ElementsReader::read_addresses(std::string_view set,
                                            Element (*element_of)(const base::IpAddress&),
                                            absl::flat_hash_set<base::IpAddress>& addresses) {
    return read_set(
        set, [&] { addresses.clear(); },
        [&](const Element& element) {
            const auto address = address_of(element.key, family_);
            distrust_unless(address && element == element_of(*address));
            if (address) addresses.insert(*address);
        });
}

void ElementsReader::count_endpoint_users() {
    for (const auto& [frontend, backing] : table_.frontends)
        for (const auto origin : kOrigins)
            if (const auto* backends = backing.backends_for(origin))
                for (const auto& [address, port] : *backends)
                    ++table_.endpoint_users[{address, frontend.protocol, port}];
}

/// Every backend is there, and what else is there was idle.
Result<void> ElementsReader::read_service_endpoints() {
    std::size_t used = 0;
    const auto forget = [&] {
        used = 0;
        table_.idle_endpoints.clear();
    };
    FAIRLEAD_CHECK(read_set(kServiceEndpoints, forget, [&](const Element& element) {
        const auto endpoint = service_endpoint_of(element.key, family_);
        distrust_unless(endpoint.has_value());
        if (!endpoint) return;
        if (table_.endpoint_users.contains(*endpoint))
            ++used;
        else
            table_.idle_endpoints.insert(*endpoint);
    }));
    distrust_unless(used == table_.endpoint_users.size());
    for (const auto& endpoint : table_.idle_endpoints)
        table_.endpoint_users.emplace(endpoint, 1);
    return {};
}

Result<void> ElementsReader::read_configured(std::string_view set) {
    auto& elements = table_.configured[set];
    FAIRLEAD_CHECK(read_set(
        set, [&] { elements.clear(); }, [&](Element element) { elements.push_back(std::move(element)); }));
    std::ranges::sort(elements);
    return {};
}

}  // namespace fairlead::services
