#include "agent/conntrack_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/json_list.h"
#include "base/json.h"

namespace fairlead::agent {

namespace {

using base::json_quote;
using conntrack::PlannedAction;
using conntrack::PlannedValue;

using Row = std::vector<std::string>;

std::string number(const std::optional<std::uint64_t>& value, const char* none) {
    return value ? std::to_string(*value) : none;
}

/// Columns of the width that their texts need, but for the last.
std::string table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            text += fmt::format("{:<{}}   ", row[i], widths[i]);
        text += row.back() + "\n";
    }
    return text;
}

std::string_view name_of(PlannedAction action) {
    constexpr std::array<std::string_view, 3> kNames = {"keep", "write", "blocked"};
    return kNames.at(static_cast<std::size_t>(action));
}

std::string ground_text(const ConntrackPlan& plan) {
    const auto& facts = plan.facts;
    const auto peak = plan.observed_peak
                          ? fmt::format(", {} at most since the agent started", *plan.observed_peak)
                          : std::string{};
    const auto memory =
        facts.memory_bytes
            ? fmt::format("{:.1f} GiB", static_cast<double>(*facts.memory_bytes) / (std::uint64_t{1} << 30U))
            : "unknown";
    return fmt::format("Memory: {}, CPUs: {}, flows: {} now{}\nNetwork namespace: {}\n\n", memory, facts.cpus,
                       plan.flows, peak, facts.initial_namespace ? "the initial one" : "not the initial one");
}

/// "1 value", "2 values".
std::string values(std::ptrdiff_t count) {
    return fmt::format("{} value{}", count, count == 1 ? "" : "s");
}

std::string outcome_text(const ConntrackPlan& plan) {
    const auto count = [&](PlannedAction action) {
        return std::ranges::count(plan.values, action, &PlannedValue::action);
    };
    const auto written = count(PlannedAction::kWrite);
    const auto blocked = count(PlannedAction::kBlock);
    std::string text = "\n";
    text += written == 0 ? "Nothing would change.\n" : values(written) + " would change.\n";
    if (blocked > 0) text += values(blocked) + " would not be as wanted, and cannot be changed here.\n";
    return text;
}

}  // namespace

base::Result<ConntrackPlan> make_conntrack_plan(const ConntrackFiles& files,
                                                const conntrack::SizingSettings& settings,
                                                std::optional<std::uint64_t> observed_peak) {
    if (!files.are_there())
        return base::fail(
            base::ErrorCode::kNotFound,
            "there is no connection tracking in this network namespace: " + files.path_of(conntrack::kMax) +
                " is missing. It comes with the first rule that needs it, or an agent");
    ConntrackPlan plan{files.read(settings), 0, observed_peak, {}};
    plan.flows = plan.facts.peak;
    plan.facts.peak = std::max(plan.flows, observed_peak.value_or(0));
    for (const auto& [name, now] : plan.facts.now)
        if (const auto writable = files.check_writable(name); !writable)
            plan.facts.left_alone.emplace(name, writable.error().message);
    plan.values = conntrack::plan_sizes(settings, plan.facts);
    return plan;
}

std::string plan_text(const ConntrackPlan& plan, const ConntrackFiles& files, bool wide) {
    std::vector<Row> rows = {wide ? Row{"VALUE", "NOW", "WOULD BE", "SETTING", "FILE", "WHY"}
                                  : Row{"VALUE", "NOW", "WOULD BE", "WHY"}};
    for (const auto& value : plan.values) {
        const auto& then = value.action == PlannedAction::kWrite ? value.wanted : value.now;
        Row row = {value.name, number(value.now, "?"), number(then, "?")};
        if (wide) row.insert(row.end(), {value.field, files.path_of(value.name)});
        row.push_back(value.why);
        rows.push_back(std::move(row));
    }
    return ground_text(plan) + table(rows) + outcome_text(plan);
}

std::string plan_json(const ConntrackPlan& plan, const ConntrackFiles& files) {
    const auto value_json = [&](const PlannedValue& value) {
        return fmt::format(
            R"({{"name":{},"file":{},"setting":{},"now":{},"wanted":{},"action":"{}","why":{}}})",
            json_quote(value.name), json_quote(files.path_of(value.name)), json_quote(value.field),
            number(value.now, "null"), number(value.wanted, "null"), name_of(value.action),
            json_quote(value.why));
    };
    return fmt::format(
        R"({{"apiVersion":"fairlead.status/v1alpha1","kind":"ConntrackPlan","memoryBytes":{},"cpus":{},)"
        R"("initialNamespace":{},"flows":{},"observedPeak":{},"values":{}}})"
        "\n",
        number(plan.facts.memory_bytes, "null"), plan.facts.cpus, plan.facts.initial_namespace, plan.flows,
        number(plan.observed_peak, "null"), json_list(plan.values, value_json));
}

}  // namespace fairlead::agent
