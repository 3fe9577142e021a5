#include "services/element_repair.h"

#include <algorithm>
#include <map>

#include "services/chunk.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Family;
using base::Result;
using kernel::nftables::AddElements;
using kernel::nftables::Element;
using kernel::nftables::Transaction;

using ElementsBySet = std::map<std::string, std::vector<Element>, std::less<>>;

ElementsBySet elements_of(Family family, const ProgrammedTable& programmed) {
    const ProgrammedTable nothing;
    Chunk everything{family, nothing};
    for (const auto& [frontend, backing] : programmed.frontends)
        everything.set_frontend(frontend, backing);
    for (const auto& address : programmed.cluster_ips)
        everything.set_cluster_ip(address, true);
    for (const auto& address : programmed.hairpins)
        everything.set_hairpin(address, true);
    for (const auto& endpoint : programmed.idle_endpoints)
        everything.set_idle_endpoint(endpoint, true);
    Transaction transaction{layout(family).table};
    everything.append_elements_to(transaction);
    ElementsBySet elements;
    for (const auto& operation : transaction.operations())
        if (const auto* added = std::get_if<AddElements>(&operation))
            std::ranges::copy(added->elements, std::back_inserter(elements[added->set]));
    for (const auto& [balancer, users] : programmed.balancers)
        elements[std::string(balancers_of(balancer.origin))].push_back(balancer_element(balancer));
    for (const auto& [set, configured] : programmed.configured)
        elements[std::string(set)] = configured;
    return elements;
}

}  // namespace

Result<Transaction> repair_elements(kernel::nftables::NftTables& tables, Family family,
                                    const ProgrammedTable& programmed) {
    const auto contents = layout(family);
    auto wanted = elements_of(family, programmed);
    std::vector<AddElements> missing;
    Transaction repair{contents.table};
    for (const auto& set : contents.sets) {
        if (set.name == kAffinity) continue;
        std::vector<Element> found;
        FAIRLEAD_CHECK(tables.read_elements(
            family, kTableName, set.name, [&] { found.clear(); },
            [&](Element element) { found.push_back(std::move(element)); }));
        auto& right = wanted[set.name];
        std::ranges::sort(found);
        std::ranges::sort(right);
        std::vector<Element> wrong;
        std::ranges::set_difference(found, right, std::back_inserter(wrong));
        for (auto& element : wrong)
            repair.delete_element(set.name, std::move(element));
        missing.push_back({set.name, {}});
        std::ranges::set_difference(right, found, std::back_inserter(missing.back().elements));
    }
    for (auto& added : missing)
        if (!added.elements.empty()) repair.add(std::move(added));
    return repair;
}

}  // namespace fairlead::services
