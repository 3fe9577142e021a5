#include "services/options.h"

#include <algorithm>
#include <array>

#include "base/sort_unique.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Family;
using kernel::nftables::Element;

base::Prefix everything(Family family) {
    const std::array<std::byte, 16> zeros{};
    return {base::IpAddress{std::span{zeros}.first(base::address_size_bytes(family))}, 0};
}

/// The kernel refuses ranges that overlap.
std::vector<Element> range_elements(std::vector<base::Prefix> prefixes, Family family) {
    std::erase_if(prefixes, [&](const base::Prefix& prefix) { return prefix.family() != family; });
    std::vector<Element> elements;
    for (const auto& prefix : base::without_contained(std::move(prefixes)))
        elements.push_back(prefix_element(prefix));
    std::ranges::sort(elements);
    return elements;
}

std::vector<Element> interface_elements(const PodSources& pods) {
    std::vector<Element> elements;
    const auto is_covered = [&](const std::string& name) {
        return std::ranges::any_of(pods.interface_prefixes, [&](const std::string& prefix) {
            return name.size() > prefix.size() && name.starts_with(prefix);
        });
    };
    for (const auto& prefix : pods.interface_prefixes)
        if (!is_covered(prefix)) elements.push_back(interface_prefix_element(prefix));
    for (const auto& name : pods.interfaces)
        if (!is_covered(name) &&
            std::ranges::find(pods.interface_prefixes, name) == pods.interface_prefixes.end())
            elements.push_back(interface_element(name));
    base::sort_unique(elements);
    return elements;
}

}  // namespace

Options within(Options options, const KernelFeatures& features) {
    options.compile.remembers_clients = features.has(Feature::kDynamicSets);
    options.compile.hashes_clients = features.has(Feature::kHashes);
    options.compile.resets = features.has(Feature::kReject);
    options.count_connections =
        options.count_connections && features.has(Feature::kDynamicSets) && features.has(Feature::kCounters);
    return options;
}

std::map<std::string_view, std::vector<Element>> configured_elements(const Options& options, Family family) {
    std::map<std::string_view, std::vector<Element>> sets;
    sets[kServiceCidrs] = range_elements(options.service_cidrs, family);
    sets[kPodCidrs] = range_elements(options.pods.cidrs, family);
    sets[kPodInterfaces] = interface_elements(options.pods);
    sets[kKeptSources] = sets[kPodCidrs];
    sets[kKeptInterfaces] = sets[kPodInterfaces];
    // In a family without any way to tell pods, nobody's address is hidden.
    if (sets[kPodCidrs].empty() && sets[kPodInterfaces].empty())
        sets[kKeptSources] = {prefix_element(everything(family))};
    if (options.masquerade_all) sets[kKeptSources] = sets[kKeptInterfaces] = {};
    return sets;
}

}  // namespace fairlead::services
