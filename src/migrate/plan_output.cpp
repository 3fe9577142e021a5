#include <fmt/format.h>

#include "base/json.h"
#include "migrate/plan.h"

namespace fairlead::migrate {

namespace {

using base::json_quote;

// A page of differences tells nobody more than these; JSON has all.
constexpr std::size_t kShownDifferences = 10;

std::string_view word_of(StepState state) {
    switch (state) {
        case StepState::kDone:
            return "done";
        case StepState::kToDo:
            return "to do";
        case StepState::kNext:
            return "next";
        case StepState::kBlocked:
            return "blocked";
    }
    return "to do";
}

std::string indented(std::string_view text, std::string_view indent) {
    std::string result;
    for (const char c : text) {
        result += c;
        if (c == '\n') result += indent;
    }
    return result;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string result;
    for (const auto& text : texts)
        result += (result.empty() ? "" : ", ") + text;
    return result;
}

std::string found_text(const Facts& facts) {
    std::string text = "On this node\n";
    for (const auto& process : facts.processes)
        text += fmt::format("  kube-proxy  pid {}{}{}\n", process.pid,
                            process.mode.empty() ? "" : ", mode " + process.mode,
                            process.config.empty() ? "" : ", configuration " + process.config);
    if (facts.processes.empty())
        text += "  kube-proxy  no process (in a Pod: seen with hostPID: true only)\n";
    for (const auto& rules : facts.rules)
        text += fmt::format("              {} rules, {}: {} frontends, {} node ports\n", name_of(rules.kind),
                            base::name_of(rules.family), rules.frontends.size(), rules.node_ports.size());
    if (facts.rules.empty()) text += "              no rules\n";
    if (facts.ipvs) text += "              ipvs rules: not migrated\n";
    text += fmt::format("  fairlead    {}, {} frontends in the kernel\n",
                        !facts.agent_runs && !facts.agent_answers ? "no agent"
                        : !facts.agent_answers                    ? "an agent that does not answer"
                        : facts.agent_ready                       ? "agent ready"
                                                                  : "agent not ready",
                        facts.fairlead.frontends.size());
    return text;
}

std::string differences_text(std::string_view title, const std::vector<Difference>& differences) {
    if (differences.empty()) return {};
    std::string text = fmt::format("{} ({})\n", title, differences.size());
    for (std::size_t i = 0; i < differences.size() && i < kShownDifferences; ++i) {
        const auto& each = differences[i];
        text += fmt::format("  {} {}\n", each.frontend, each.service);
        if (!each.kube_proxy_endpoints.empty())
            text += fmt::format("      only kube-proxy: {}\n", joined(each.kube_proxy_endpoints));
        if (!each.fairlead_endpoints.empty())
            text += fmt::format("      only fairlead: {}\n", joined(each.fairlead_endpoints));
    }
    if (differences.size() > kShownDifferences) text += "  ... (all of them: -o json)\n";
    return text;
}

std::string step_text(std::size_t number, const Step& step) {
    auto text = fmt::format("  {}. {:<7}  {}\n", number, word_of(step.state), step.title);
    constexpr std::string_view kIndent = "              ";
    if (!step.why.empty()) text += fmt::format("{}{}\n", kIndent, indented(step.why, kIndent));
    if (!step.how.empty())
        text += fmt::format("{}how:  {}\n", kIndent, indented(step.how, "                    "));
    if (!step.undo.empty()) text += fmt::format("{}undo: {}\n", kIndent, step.undo);
    return text;
}

std::string last_line(const Plan& plan) {
    if (plan.complete()) return "Nothing is left to do.\n";
    return plan.obstacle().empty() ? "Nothing was changed; --apply does the step that is next.\n"
                                   : "Nothing was changed; begin with the first step that is not done.\n";
}

template <class Items, class ToJson>
std::string json_list(const Items& items, ToJson to_json) {
    std::string text = "[";
    for (const auto& item : items)
        text += (text.size() > 1 ? "," : "") + to_json(item);
    return text + "]";
}

std::string difference_json(const Difference& difference) {
    return fmt::format(R"({{"frontend":{},"service":{},"onlyKubeProxy":{},"onlyFairlead":{}}})",
                       json_quote(difference.frontend), json_quote(difference.service),
                       json_list(difference.kube_proxy_endpoints, json_quote),
                       json_list(difference.fairlead_endpoints, json_quote));
}

std::string step_json(const Step& step) {
    return fmt::format(R"({{"title":{},"state":{},"why":{},"how":{},"undo":{}}})", json_quote(step.title),
                       json_quote(word_of(step.state)), json_quote(step.why), json_quote(step.how),
                       json_quote(step.undo));
}

std::string rules_json(const KubeProxyRules& rules) {
    return fmt::format(R"({{"kind":"{}","family":"{}","frontends":{},"nodePorts":{}}})", name_of(rules.kind),
                       base::name_of(rules.family), rules.frontends.size(), rules.node_ports.size());
}

std::string process_json(const KubeProxyProcess& process) {
    return fmt::format(R"({{"pid":{},"mode":{},"config":{}}})", process.pid, json_quote(process.mode),
                       json_quote(process.config));
}

}  // namespace

std::string plan_text(const Plan& plan, const Facts& facts) {
    const auto& comparison = plan.comparison;
    std::string text = found_text(facts);
    text += differences_text("\nServed by kube-proxy only", comparison.only_kube_proxy);
    text += differences_text("\nServed by fairlead only", comparison.only_fairlead);
    text += differences_text("\nOther endpoints", comparison.other_endpoints);
    if (!plan.notes.empty()) text += "\nNotes\n";
    for (const auto& note : plan.notes)
        text += "  " + note + "\n";
    text += plan.direction == Direction::kToFairlead ? "\nFrom kube-proxy to fairlead\n"
                                                     : "\nFrom fairlead to kube-proxy\n";
    for (std::size_t i = 0; i < plan.steps.size(); ++i)
        text += step_text(i + 1, plan.steps[i]);
    return text + "\n" + last_line(plan);
}

std::string plan_json(const Plan& plan, const Facts& facts) {
    const auto& comparison = plan.comparison;
    return fmt::format(
        R"({{"apiVersion":"fairlead.status/v1alpha1","kind":"MigrationPlan","to":"{}","complete":{},)"
        R"("canApply":{},"kubeProxy":{{"processes":{},"rules":{},"ipvs":{}}},)"
        R"("fairlead":{{"running":{},"ready":{},"frontends":{}}},)"
        R"("comparison":{{"equal":{},"onlyKubeProxy":{},"onlyFairlead":{},"otherEndpoints":{}}},)"
        R"("steps":{},"notes":{}}})",
        plan.direction == Direction::kToFairlead ? "fairlead" : "kube-proxy", plan.complete(),
        !plan.complete() && plan.obstacle().empty(), json_list(facts.processes, process_json),
        json_list(facts.rules, rules_json), facts.ipvs, facts.agent_runs || facts.agent_answers,
        facts.agent_ready, facts.fairlead.frontends.size(), comparison.equal,
        json_list(comparison.only_kube_proxy, difference_json),
        json_list(comparison.only_fairlead, difference_json),
        json_list(comparison.other_endpoints, difference_json), json_list(plan.steps, step_json),
        json_list(plan.notes, json_quote));
}

}  // namespace fairlead::migrate
