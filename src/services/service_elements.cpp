#include "services/service_elements.h"

#include <algorithm>

#include "base/assert.h"
#include "base/sort_unique.h"
#include "kernel/nftables/describe_element.h"
#include "services/balancer.h"
#include "services/consistent_hash.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::services {

using base::Result;
using kernel::nftables::Element;
using kernel::nftables::Set;

namespace {

std::vector<ServiceEndpoint> endpoints_behind(const Frontend& frontend, const Backing& backing) {
    std::vector<ServiceEndpoint> endpoints;
    for (const auto origin : kOrigins)
        if (const auto* backends = backing.backends_for(origin))
            for (const auto& [address, port] : *backends)
                endpoints.push_back({address, frontend.protocol, port});
    base::sort_unique(endpoints);
    return endpoints;
}

/// Everything that a frontend has in the table, in the order in which packets meet it.
std::vector<FrontendMark> elements_of(const Frontend& frontend, const Backing& backing) {
    std::vector<FrontendMark> elements;
    for (const auto origin : kOrigins) {
        const auto balancer = balancer_of(backing, origin);
        if (!balancer) continue;
        const bool sticky = balancer->affinity_timeout_s > 0;
        elements.push_back({frontends_of(origin), frontend_element(frontend, *balancer)});
        elements.push_back({balancers_of(origin), balancer_element(*balancer)});
        std::uint32_t index = 0;
        const auto& backends = *backing.backends_for(origin);
        for (const auto& backend : backing.consistent ? slots_of(backends) : backends) {
            elements.push_back(
                {endpoints_of(origin, sticky), endpoint_element(frontend, index++, backend, sticky)});
            if (sticky) elements.push_back({alive_of(origin), alive_element(frontend, backend)});
        }
    }
    std::ranges::copy(marks_of(frontend, backing), std::back_inserter(elements));
    for (const auto& endpoint : endpoints_behind(frontend, backing))
        elements.push_back({kServiceEndpoints, service_endpoint_element(endpoint)});
    return elements;
}

}  // namespace

ElementShow::ElementShow(base::Family family, FindElement find, std::size_t limit)
    : find_(std::move(find)), sets_(layout(family).sets), left_(limit) {}

Result<std::vector<ShownElement>> ElementShow::of(const Frontend& frontend, const Backing& programmed,
                                                  FrontendKind kind) {
    std::vector<ShownElement> shown;
    auto elements = elements_of(frontend, programmed);
    if (kind == FrontendKind::kClusterIp)
        elements.push_back({kClusterIps, address_element(frontend.address)});
    for (const auto& [set, element] : elements)
        FAIRLEAD_CHECK(show(set, element, shown));
    for (const auto set :
         {kFrontends, kOutsideFrontends, kNoEndpoints, kDropped, kMasqueradeAll, kMasqueradeNode})
        if (std::ranges::find(elements, set, &FrontendMark::set) == elements.end())
            FAIRLEAD_CHECK(show_unwanted(set, frontend, shown));
    return shown;
}

bool ElementShow::take_one() {
    if (left_ == 0) {
        ++left_out_;
        return false;
    }
    --left_;
    return true;
}

const Set& ElementShow::set_of(std::string_view name) const {
    const auto found = std::ranges::find(sets_, name, &Set::name);
    FAIRLEAD_ASSERT(found != sets_.end());
    return *found;
}

Result<void> ElementShow::show(std::string_view set, const Element& wanted,
                               std::vector<ShownElement>& shown) {
    if (!take_one()) return {};
    const auto& definition = set_of(set);
    FAIRLEAD_TRY(const auto found, find_(set, wanted.key));
    const auto wanted_text = describe(definition, {wanted, {}, {}, {}});
    ShownElement element{std::string(set), wanted_text, found.has_value(), {}};
    if (!found) {
        element.drift = "missing";
    } else if (!(found->element == wanted)) {
        element.text = describe(definition, *found);
        element.drift = "the agent wrote " + wanted_text;
    }
    shown.push_back(std::move(element));
    return {};
}

Result<void> ElementShow::show_unwanted(std::string_view set, const Frontend& frontend,
                                        std::vector<ShownElement>& shown) {
    if (!take_one()) return {};
    FAIRLEAD_TRY(const auto found, find_(set, frontend_key_element(frontend).key));
    if (found)
        shown.push_back(
            {std::string(set), describe(set_of(set), *found), true, "the agent does not want it"});
    return {};
}

}  // namespace fairlead::services
