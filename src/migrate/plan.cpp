#include "migrate/plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::migrate {

namespace {

constexpr std::string_view kApply = "fairlead migrate kube-proxy --apply";
constexpr std::string_view kApplyBack = "fairlead migrate kube-proxy --back --apply";
/// Keeps kube-proxy's DaemonSet off nodes with the label; the controller ends what runs there.
constexpr std::string_view kExcludeLabelled =
    "kubectl -n kube-system patch daemonset kube-proxy -p "
    R"('{"spec":{"template":{"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":)"
    R"({"nodeSelectorTerms":[{"matchExpressions":[{"key":"fairlead.io/proxy","operator":"DoesNotExist"}]}]}}}}}}}')";

bool is_iptables(RulesKind kind) {
    return kind != RulesKind::kNftables;
}

bool has_iptables_rules(const Facts& facts) {
    return std::ranges::any_of(facts.to_remove, [](const auto& rules) { return is_iptables(rules.kind); });
}

std::string pids_of(const Facts& facts) {
    std::string text;
    for (const auto& process : facts.processes)
        text += fmt::format("{}{}", text.empty() ? "pid " : ", ", process.pid);
    return text;
}

Step run_agent(const Facts& facts) {
    Step step{"Run fairlead's agent beside kube-proxy", StepState::kDone, "", "", ""};
    if (facts.agent_answers && facts.agent_ready) {
        step.why = "it is ready, and all it knows is in the kernel";
        return step;
    }
    step.state = StepState::kToDo;
    step.why = facts.agent_answers ? "it does not have all in the kernel yet"
               : facts.agent_runs  ? "it runs, but its admin page does not answer (--admin-address)"
                                   : "it does not run";
    step.how = "fairlead agent --node NODE --health-address 0.0.0.0:10356 --admin-address 127.0.0.1:10349";
    step.undo = "stop it, then: fairlead cleanup";
    return step;
}

/// What nobody can accept; empty: nothing.
std::string insurmountable(const Facts& facts, Direction direction) {
    if (facts.ipvs && direction == Direction::kToFairlead)
        return "kube-proxy was here in ipvs mode, which is not migrated: restart it in nftables or iptables "
               "mode "
               "first, and run kube-proxy --cleanup before, which removes what ipvs mode left";
    return facts.unreadable;
}

/// What makes the other proxy unfit to take over from the one that goes; empty: nothing.
std::string unfit(const Facts& facts, const Plan& plan) {
    const bool to_fairlead = plan.direction == Direction::kToFairlead;
    if (facts.tables_unknown)
        return "fairlead's table is of another version than this program: run the agent's own";
    if (to_fairlead && facts.forward_drops && has_iptables_rules(facts))
        return "iptables drops on the chain FORWARD what nobody accepts; kube-proxy accepts connections of "
               "Services there (KUBE-FORWARD), fairlead accepts nothing: accept traffic of pods there first";
    const auto& only = to_fairlead ? plan.comparison.only_kube_proxy : plan.comparison.only_fairlead;
    if (!only.empty())
        return fmt::format("{} frontends would not be served any more, such as {} {}", only.size(),
                           only.front().frontend, only.front().service);
    return {};
}

Step agree(const Facts& facts, const Plan& plan, bool accept_differences) {
    const auto& comparison = plan.comparison;
    const auto reason = unfit(facts, plan);
    Step step{"See that both serve the same", StepState::kDone, "", "", ""};
    step.why = facts.rules.empty() || !facts.tables_present
                   ? "only one of them has rules"
                   : fmt::format("{} frontends are equal, {} have other endpoints", comparison.equal,
                                 comparison.other_endpoints.size());
    if (const auto bar = insurmountable(facts, plan.direction); !bar.empty()) {
        step.state = StepState::kBlocked;
        step.why = bar;
        return step;
    }
    if (reason.empty()) return step;
    step.why = reason;
    if (accept_differences) {
        step.why += " (accepted)";
    } else {
        step.state = StepState::kBlocked;
        step.how = "settle what differs, or take it as it is with --accept-differences";
    }
    return step;
}

Step stop_kube_proxy(const Facts& facts) {
    Step step{"Stop kube-proxy on this node", StepState::kDone, "no process of it in this network namespace",
              "", ""};
    if (facts.processes.empty()) return step;
    step.state = StepState::kToDo;
    step.why = pids_of(facts) + " runs and would write its rules again";
    step.how =
        fmt::format("{}\nkubectl label node {} fairlead.io/proxy=fairlead", kExcludeLabelled, facts.node);
    step.undo = fmt::format("kubectl label node {} fairlead.io/proxy-", facts.node);
    return step;
}

Step remove_rules(const Facts& facts, std::string_view apply) {
    Step step{"Remove kube-proxy's rules", StepState::kDone, "there are none", "", ""};
    if (facts.to_remove.empty()) return step;
    step.state = StepState::kNext;
    step.why.clear();
    for (const auto& rules : facts.to_remove) {
        const auto chains = rules.chains == 0 ? "" : fmt::format(" ({} chains)", rules.chains);
        step.why += fmt::format("{}{} {}{}", step.why.empty() ? "" : ", ", name_of(rules.kind),
                                base::name_of(rules.family), chains);
    }
    step.how = apply;
    step.undo = "start kube-proxy again: it writes all of its rules anew";
    return step;
}

Step run_kube_proxy(const Facts& facts) {
    Step step{"Run kube-proxy beside fairlead", StepState::kDone, "", "", ""};
    if (!facts.rules.empty()) {
        step.why = facts.processes.empty() ? "its rules are there (no process is seen from here)"
                                           : pids_of(facts) + " has written its rules";
        return step;
    }
    step.state = StepState::kToDo;
    step.why =
        facts.processes.empty() ? "it does not run" : pids_of(facts) + " has not written its rules yet";
    step.how = fmt::format("kubectl label node {} fairlead.io/proxy-", facts.node);
    step.undo = fmt::format("kubectl label node {} fairlead.io/proxy=fairlead, then: {}", facts.node, kApply);
    return step;
}

Step stop_agent(const Facts& facts) {
    Step step{"Stop fairlead's agent", StepState::kDone, "it does not run", "", ""};
    if (!facts.agent_runs) return step;
    step.state = StepState::kToDo;
    step.why = "it runs and would put its tables back";
    step.how = "take this node out of its DaemonSet, or end the process: its tables stay";
    step.undo = "start it again: it takes its tables over as they are";
    return step;
}

Step remove_tables(const Facts& facts) {
    Step step{"Remove fairlead's tables", StepState::kDone, "there are none", "", ""};
    if (!facts.tables_present) return step;
    step.state = StepState::kNext;
    step.why = "first what translates new connections, a second later the rest";
    step.how = kApplyBack;
    step.undo = "start fairlead's agent again: it writes its tables anew";
    return step;
}

std::string joined(const Pods& pods) {
    std::string text;
    for (const auto& pod : pods)
        text += (text.empty() ? "" : ", ") + pod;
    return text.empty() ? "nothing" : text;
}

/// Whose address is hidden from endpoints, where the two differ.
void note_masquerade(const KubeProxyRules& rules, const FairleadRules& fairlead,
                     std::vector<std::string>& texts) {
    const auto family = base::name_of(rules.family);
    if (rules.masquerades_all != fairlead.masquerades_all) {
        texts.push_back(fmt::format("masqueradeAll: {} with kube-proxy ({}), {} with fairlead",
                                    rules.masquerades_all, family, fairlead.masquerades_all));
        return;
    }
    const auto found = fairlead.pods.find(rules.family);
    const auto ours = found == fairlead.pods.end() ? Pods{} : found->second;
    if (!rules.masquerades_all && rules.pods != ours)
        texts.push_back(fmt::format("pods are told by {} with kube-proxy ({}), by {} with fairlead",
                                    joined(rules.pods), family, joined(ours)));
}

std::vector<std::string> notes(const Facts& facts, const Plan& plan) {
    std::vector<std::string> texts;
    if (plan.comparison.sticky > 0)
        texts.push_back(
            fmt::format("{} frontends have sessionAffinity ClientIP: which endpoint a client had is "
                        "not taken over, its next connection is balanced anew",
                        plan.comparison.sticky));
    for (const auto& rules : facts.rules) {
        if (facts.tables_present && !facts.tables_unknown) note_masquerade(rules, facts.fairlead, texts);
        if (rules.node_ports_everywhere && !rules.node_ports.empty())
            texts.push_back(fmt::format(
                "kube-proxy serves NodePorts at every {} address of this node{}, fairlead "
                "at those of --nodeport-addresses",
                base::name_of(rules.family),
                is_iptables(rules.kind) && rules.family == base::Family::kIpv4 ? ", 127.0.0.1 included"
                                                                               : ""));
    }
    for (const auto& rules : facts.to_remove)
        for (const auto& kept : rules.kept)
            texts.push_back(
                fmt::format("stays ({} {}): {}", name_of(rules.kind), base::name_of(rules.family), kept));
    if (has_iptables_rules(facts))
        texts.emplace_back(
            "not touched: KUBE-FIREWALL and KUBE-KUBELET-CANARY, which are kubelet's, and sysctls");
    return texts;
}

/// What --apply does waits for all that is before it.
void hold_back(std::vector<Step>& steps) {
    const bool ready = std::ranges::all_of(steps.begin(), steps.end() - 1,
                                           [](const Step& step) { return step.state == StepState::kDone; });
    if (!ready && steps.back().state == StepState::kNext) steps.back().state = StepState::kToDo;
}

}  // namespace

std::string Plan::obstacle() const {
    for (const auto& step : steps)
        if (step.state == StepState::kToDo || step.state == StepState::kBlocked)
            return step.title + ": " + step.why + (step.how.empty() ? "" : "\n" + step.how);
    return {};
}

bool Plan::complete() const {
    return std::ranges::all_of(steps, [](const Step& step) { return step.state == StepState::kDone; });
}

Plan make_plan(const Facts& facts, Direction direction, bool accept_differences) {
    Plan plan;
    plan.direction = direction;
    if (!facts.rules.empty() && facts.tables_present) plan.comparison = compare(facts.rules, facts.fairlead);
    const auto agreed = agree(facts, plan, accept_differences);
    if (direction == Direction::kToFairlead)
        plan.steps = {run_agent(facts), agreed, stop_kube_proxy(facts), remove_rules(facts, kApply)};
    else
        plan.steps = {run_kube_proxy(facts), agreed, stop_agent(facts), remove_tables(facts)};
    hold_back(plan.steps);
    plan.notes = notes(facts, plan);
    return plan;
}

}  // namespace fairlead::migrate
