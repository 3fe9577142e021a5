#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "dns/usage.h"

namespace fairlead::dns {

namespace {

/// Below this share of wasted queries there is nothing to cure.
constexpr double kWorthACure = 0.2;

std::string without_final_dot(const Name& name) {
    auto text = name.to_string();
    if (text.size() > 1) text.pop_back();
    return text;
}

/// The ndots that would spare what was wasted on `name` and still find what was found in a search domain;
/// nullopt: none would.
std::optional<unsigned> sparing_ndots(const PodUsage& usage, const Name& name) {
    const unsigned needed = usage.most_dots_found ? *usage.most_dots_found + 1 : 1;
    if (needed >= usage.ndots || name.label_count() - 1 < needed) return std::nullopt;
    return needed;
}

std::string top_name_json(const TopNames::Entry& entry) {
    return fmt::format(R"({{"name":{},"queries":{},"error":{}}})", base::json_quote(entry.name.to_string()),
                       entry.count, entry.error);
}

std::string pod_json(const PodUsage& usage) {
    std::string names;
    for (const auto& entry : usage.wasted_names.entries())
        names += (names.empty() ? "" : ",") + top_name_json(entry);
    return fmt::format(
        R"({{"namespace":{},"pod":{},"uid":{},"queries":{},"lookups":{},"amplification":{:.2f},"wasted":{},)"
        R"("collapsed":{},"avoided":{},"wouldCollapse":{},"avoidable":{},"wastedNames":[{}],"cure":{}}})",
        base::json_quote(usage.pod.namespace_name), base::json_quote(usage.pod.name),
        base::json_quote(usage.pod_uid), usage.queries, usage.lookups, usage.amplification(), usage.wasted,
        usage.collapsed, usage.avoided, usage.would_collapse, usage.avoidable, names,
        base::json_quote(cure_of(usage)));
}

}  // namespace

std::string cure_of(const PodUsage& usage) {
    const auto names = usage.wasted_names.entries();
    if (names.empty() || static_cast<double>(usage.wasted) < kWorthACure * static_cast<double>(usage.queries))
        return "";
    const auto& top = names.front();
    if (const auto ndots = sparing_ndots(usage, top.name))
        return fmt::format(
            "give the pod the option ndots:{} in spec.dnsConfig: all names that it finds by searching have "
            "fewer dots",
            *ndots);
    if (top.found_in_domain)
        return fmt::format("look {} up by its full name with a dot at the end", without_final_dot(top.name));
    return fmt::format("write the name with a dot at the end, as in {}", top.name.to_string());
}

std::string usage_json(std::vector<PodUsage> usages) {
    std::ranges::sort(usages, [](const PodUsage& a, const PodUsage& b) {
        return std::tie(b.wasted, b.queries, a.pod) < std::tie(a.wasted, a.queries, b.pod);
    });
    std::string pods;
    for (const auto& usage : usages)
        pods += (pods.empty() ? "" : ",") + pod_json(usage);
    return "{\"pods\":[" + pods + "]}";
}

}  // namespace fairlead::dns
