#include "cli/conntrack_usage_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json.h"
#include "cli/columns.h"

namespace fairlead::cli {

namespace {

using conntrack::Breakdown;
using conntrack::FlowCount;
using conntrack::NamedCount;
using conntrack::Usage;

constexpr double kPercent = 100;

struct PartFacts {
    UsagePart part;
    std::string_view name;
    std::string_view heading;
    std::string_view others;  // what those are called that are not listed
    Breakdown Usage::* breakdown;
};

constexpr std::array<PartFacts, 4> kParts = {{
    {UsagePart::kServices, "services", "SERVICE", "<others and none>", &Usage::services},
    {UsagePart::kPods, "pods", "ANSWERED BY", "<others>", &Usage::pods},
    {UsagePart::kPeers, "peers", "PEER", "<others>", &Usage::peers},
    {UsagePart::kStates, "states", "STATE", "<others>", &Usage::states},
}};

const PartFacts& facts_of(UsagePart part) {
    return *std::ranges::find(kParts, part, &PartFacts::part);
}

double share(std::uint64_t part, std::uint64_t all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

std::string percent(std::uint64_t part, std::uint64_t all) {
    return fmt::format("{:.1f}%", kPercent * share(part, all));
}

std::string flows_read(const UsageView& view, std::uint32_t read) {
    return fmt::format("{}{}", view.whole ? "" : "~", view.scaled(read));
}

Columns::Row row(const UsageView& view, const NamedCount& each, bool wide) {
    const auto& [name, count, missed] = each;
    Columns::Row cells = {name, flows_read(view, count.flows), percent(count.flows, view.usage.total.flows),
                          percent(count.unreplied, count.flows), percent(count.leads_nowhere, count.flows)};
    if (!wide) return cells;
    cells.push_back(percent(count.assured, count.flows));
    cells.push_back(flows_read(view, count.flows + missed));
    return cells;
}

Columns::Row others_row(const UsageView& view, const PartFacts& facts, bool wide) {
    const auto flows = (view.usage.*facts.breakdown).other_flows;
    Columns::Row cells = {std::string(facts.others), flows_read(view, flows),
                          percent(flows, view.usage.total.flows), "-", "-"};
    if (wide) cells.insert(cells.end(), {"-", "-"});
    return cells;
}

std::string part_text(const UsageView& view, const PartFacts& facts, bool wide) {
    const auto& breakdown = view.usage.*facts.breakdown;
    std::vector<Columns::Row> rows = {{std::string(facts.heading), "FLOWS", "SHARE", "UNREPLIED", "NOWHERE"}};
    if (wide) rows.front().insert(rows.front().end(), {"ASSURED", "ATMOST"});
    for (const auto& each : breakdown.largest)
        rows.push_back(row(view, each, wide));
    if (breakdown.other_flows > 0) rows.push_back(others_row(view, facts, wide));
    return "\n" + Columns{}.lines(rows);
}

std::string summary(const UsageView& view) {
    const auto& total = view.usage.total;
    std::string text = fmt::format("{} flows", view.flows);
    if (view.most)
        text += fmt::format(", {} of nf_conntrack_max ({})", percent(view.flows, *view.most), *view.most);
    if (!view.whole)
        text += fmt::format("; sample of {} of {}, shares are +-{:.1f}%", total.flows, view.flows,
                            kPercent * conntrack::sampling_error(total.flows, view.flows));
    return text + fmt::format("\n{} unreplied, {} assured, {} lead to no live endpoint\n",
                              percent(total.unreplied, total.flows), percent(total.assured, total.flows),
                              flows_read(view, total.leads_nowhere));
}

/// The most flows that something shown may have beside those that were counted.
std::uint32_t most_missed(const UsageView& view, const std::vector<UsagePart>& parts) {
    std::uint32_t most = 0;
    for (const auto part : parts)
        for (const auto& each : (view.usage.*facts_of(part).breakdown).largest)
            most = std::max(most, each.missed);
    return most;
}

std::string count_json(const FlowCount& count) {
    return fmt::format(R"("flows":{},"unreplied":{},"assured":{},"leadsNowhere":{})", count.flows,
                       count.unreplied, count.assured, count.leads_nowhere);
}

std::string part_json(const UsageView& view, const PartFacts& facts) {
    const auto& breakdown = view.usage.*facts.breakdown;
    std::string items;
    for (const auto& [name, count, missed] : breakdown.largest)
        items += fmt::format(R"({}{{"name":{},"share":{:.5f},{},"missedAtMost":{}}})",
                             items.empty() ? "" : ",", base::json_quote(name),
                             share(count.flows, view.usage.total.flows), count_json(count), missed);
    return fmt::format(R"("{}":{{"items":[{}],"otherFlows":{}}})", facts.name, items, breakdown.other_flows);
}

}  // namespace

std::optional<UsagePart> parse_usage_part(std::string_view text) {
    const auto found = std::ranges::find(kParts, text, &PartFacts::name);
    return found == kParts.end() ? std::nullopt : std::optional{found->part};
}

std::uint64_t UsageView::scaled(std::uint32_t read) const {
    if (whole || usage.total.flows == 0) return read;
    return static_cast<std::uint64_t>(std::llround(share(read, usage.total.flows) * flows));
}

std::string usage_text(const UsageView& view, const std::vector<UsagePart>& parts, bool wide) {
    auto text = summary(view);
    for (const auto part : parts)
        text += part_text(view, facts_of(part), wide);
    if (const auto missed = most_missed(view, parts); missed > 0)
        text +=
            fmt::format("\nThere are more addresses than are counted: each may have up to {} flows more.\n",
                        view.scaled(missed));
    return text;
}

std::string usage_json(const UsageView& view, const std::vector<UsagePart>& parts) {
    auto json = fmt::format(
        R"({{"apiVersion":"fairlead.status/v1alpha1","kind":"ConntrackUsage","tableFlows":{},"tableMax":{},)"
        R"("whole":{},"shareError":{:.5f},{})",
        view.flows, view.most ? std::to_string(*view.most) : "null", view.whole,
        view.whole ? 0 : conntrack::sampling_error(view.usage.total.flows, view.flows),
        count_json(view.usage.total));
    for (const auto part : parts)
        json += "," + part_json(view, facts_of(part));
    return json + "}";
}

}  // namespace fairlead::cli
