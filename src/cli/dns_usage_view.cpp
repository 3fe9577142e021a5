#include "cli/dns_usage_view.h"

#include <fmt/format.h>

#include "base/json.h"
#include "cli/columns.h"
#include "cli/json_fields.h"

namespace fairlead::cli {

namespace {

using simdjson::dom::element;

std::string factor_of(const PodDnsUsage& pod) {
    if (pod.lookups == 0) return "-";
    return fmt::format("{:.1f}", static_cast<double>(pod.queries) / static_cast<double>(pod.lookups));
}

PodDnsUsage usage_of(element item) {
    PodDnsUsage pod{json::text(item, "namespace"),   json::text(item, "pod"),
                    json::number(item, "queries"),   json::number(item, "lookups"),
                    json::number(item, "wasted"),    json::number(item, "collapsed"),
                    json::number(item, "avoided"),   json::number(item, "wouldCollapse"),
                    json::number(item, "avoidable"), {},
                    json::text(item, "cure")};
    json::each(item, "wastedNames", [&](element name) {
        pod.wasted_names.push_back({json::text(name, "name"), json::number(name, "queries")});
    });
    return pod;
}

std::string names_text(const PodDnsUsage& pod) {
    std::string text;
    for (const auto& [name, queries] : pod.wasted_names)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, queries);
    return text.empty() ? "<none>" : text;
}

Columns::Row heading(bool wide) {
    Columns::Row row = {"NAMESPACE", "POD", "QUERIES", "LOOKUPS", "FACTOR", "WASTED", "COLLAPSED", "AVOIDED"};
    if (wide) row.insert(row.end(), {"WOULD COLLAPSE", "AVOIDABLE"});
    row.emplace_back(wide ? "WASTED ON" : "MOSTLY ON");
    return row;
}

Columns::Row row_of(const PodDnsUsage& pod, bool wide) {
    Columns::Row row = {pod.namespace_name,
                        pod.pod,
                        std::to_string(pod.queries),
                        std::to_string(pod.lookups),
                        factor_of(pod),
                        std::to_string(pod.wasted),
                        std::to_string(pod.collapsed),
                        std::to_string(pod.avoided)};
    if (wide) row.insert(row.end(), {std::to_string(pod.would_collapse), std::to_string(pod.avoidable)});
    const bool wastes = !pod.wasted_names.empty();
    row.push_back(wide ? names_text(pod) : wastes ? pod.wasted_names.front().name : "<none>");
    return row;
}

std::string item_json(const PodDnsUsage& pod) {
    std::string names;
    for (const auto& [name, queries] : pod.wasted_names)
        names += fmt::format(R"({}{{"name":{},"queries":{}}})", names.empty() ? "" : ",",
                             base::json_quote(name), queries);
    return fmt::format(
        R"({{"kind":"DnsUsage","namespace":{},"pod":{},"queries":{},"lookups":{},"wasted":{},"collapsed":{},)"
        R"("avoided":{},"wouldCollapse":{},"avoidable":{},"wastedNames":[{}],"cure":{}}})",
        base::json_quote(pod.namespace_name), base::json_quote(pod.pod), pod.queries, pod.lookups, pod.wasted,
        pod.collapsed, pod.avoided, pod.would_collapse, pod.avoidable, names, base::json_quote(pod.cure));
}

}  // namespace

base::Result<std::vector<PodDnsUsage>> parse_dns_usage(std::string_view json) {
    simdjson::dom::parser parser;
    element page;
    simdjson::dom::array items;
    if (parser.parse(json.data(), json.size()).get(page) || page["pods"].get(items))
        return base::fail(base::ErrorCode::kInvalid,
                          "the agent answered with something that is no list of Pods");
    std::vector<PodDnsUsage> pods;
    for (const element item : items)
        pods.push_back(usage_of(item));
    return pods;
}

std::string dns_usage_text(const std::vector<PodDnsUsage>& pods, bool wide) {
    if (pods.empty()) return {};
    std::vector<Columns::Row> rows = {heading(wide)};
    std::string cures;
    for (const auto& pod : pods) {
        rows.push_back(row_of(pod, wide));
        if (!pod.cure.empty()) cures += fmt::format("{}/{}: {}\n", pod.namespace_name, pod.pod, pod.cure);
    }
    return Columns{}.lines(rows) + (cures.empty() ? "" : "\n" + cures);
}

std::string dns_usage_json(const std::vector<PodDnsUsage>& pods) {
    std::string items;
    for (const auto& pod : pods)
        items += (items.empty() ? "" : ",") + item_json(pod);
    return R"({"apiVersion":"fairlead.status/v1alpha1","kind":"DnsUsageList","items":[)" + items + "]}";
}

}  // namespace fairlead::cli
