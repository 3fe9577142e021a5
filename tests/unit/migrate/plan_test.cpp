#include "migrate/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::migrate {
namespace {

using base::Family;
using base::IpAddress;
using base::L4Protocol;
using services::Backend;
using services::Frontend;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Frontend tcp(std::string_view address, std::uint16_t port) {
    return {*IpAddress::parse(address), L4Protocol::kTcp, port};
}

Backend pod(int number) {
    return {*IpAddress::parse("10.64.1." + std::to_string(number)), 8080};
}

services::Backing backed_by(std::vector<Backend> backends) {
    services::Backing backing;
    backing.backends = std::move(backends);
    return backing;
}

/// Both run and serve 10.96.0.10:80; kube-proxy's rules are those of `kind`.
Facts both_families(RulesKind kind = RulesKind::kNftables) {
    Facts facts;
    facts.node = "n1";
    facts.processes = {{4711, "nftables", ""}};
    KubeProxyRules rules;
    rules.kind = kind;
    rules.frontends[tcp("10.96.0.10", 80)] = {"shop/cart:http", {pod(1), pod(2)}};
    facts.rules = {rules};
    facts.to_remove = {{kind, Family::kIpv4, kind == RulesKind::kNftables ? 0U : 24U, {}}};
    facts.agent_runs = facts.agent_answers = facts.agent_ready = facts.tables_present = true;
    facts.fairlead.frontends[tcp("10.96.0.10", 80)] = backed_by({pod(1), pod(2)});
    return facts;
}

std::vector<StepState> states(const Plan& plan) {
    std::vector<StepState> result;
    for (const auto& step : plan.steps)
        result.push_back(step.state);
    return result;
}

TEST(Comparison, TellsWhatOnlyOneServesAndOtherEndpoints) {
    auto facts = both_families();
    facts.rules[0].frontends[tcp("10.96.0.11", 80)] = {"shop/till", {}};
    facts.fairlead.frontends[tcp("10.96.0.12", 80)] = {};
    facts.fairlead.names[tcp("10.96.0.12", 80)] = "shop/new";
    facts.fairlead.frontends[tcp("10.96.0.10", 80)] = backed_by({pod(2), pod(3)});
    const auto comparison = compare(facts.rules, facts.fairlead);
    EXPECT_EQ(comparison.equal, 0U);
    EXPECT_THAT(comparison.only_kube_proxy,
                ElementsAre(Difference{"10.96.0.11:80/TCP", "shop/till", {}, {}}));
    EXPECT_THAT(comparison.only_fairlead, ElementsAre(Difference{"10.96.0.12:80/TCP", "shop/new", {}, {}}));
    EXPECT_THAT(comparison.other_endpoints,
                ElementsAre(Difference{
                    "10.96.0.10:80/TCP", "shop/cart:http", {"10.64.1.1:8080"}, {"10.64.1.3:8080"}}));
}

TEST(Comparison, CountsEndpointsForTheOutsideToo) {
    auto facts = both_families();
    auto& backing = facts.fairlead.frontends[tcp("10.96.0.10", 80)];
    backing.backends = {pod(1)};
    backing.outside_backends = std::vector{pod(2)};
    EXPECT_EQ(compare(facts.rules, facts.fairlead).equal, 1U);
}

TEST(Comparison, TakesNodePortsAtListedAddressesOrAtAnyThatFairleadHas) {
    auto facts = both_families();
    auto& rules = facts.rules[0];
    rules.node_ports[{L4Protocol::kTcp, 30080}] = {"shop/cart:http", {pod(1)}};
    rules.node_port_addresses = {*IpAddress::parse("192.0.2.1")};
    facts.fairlead.frontends[tcp("192.0.2.1", 30080)] = backed_by({pod(1)});
    EXPECT_TRUE(compare(facts.rules, facts.fairlead).same());
    rules.node_ports_everywhere = true;
    rules.node_port_addresses.clear();
    EXPECT_TRUE(compare(facts.rules, facts.fairlead).same());
    facts.fairlead.frontends.erase(tcp("192.0.2.1", 30080));
    EXPECT_THAT(compare(facts.rules, facts.fairlead).only_kube_proxy,
                ElementsAre(Difference{"*:30080/TCP", "shop/cart:http", {}, {}}));
}

struct Case {
    std::string name;
    Direction direction;
    void (*change)(Facts&);
    std::vector<StepState> states;
    std::string obstacle;  ///< a part of it; empty: none
};

TEST(Plan, HasAStateForEachStepAndSaysWhatIsInTheWay) {
    constexpr auto kDone = StepState::kDone;
    constexpr auto kToDo = StepState::kToDo;
    constexpr auto kNext = StepState::kNext;
    constexpr auto kBlocked = StepState::kBlocked;
    constexpr auto kThere = Direction::kToFairlead;
    constexpr auto kBack = Direction::kToKubeProxy;
    const Case cases[] = {
        {"kube-proxy runs", kThere, [](Facts&) {}, {kDone, kDone, kToDo, kToDo}, "pid 4711 runs"},
        {"kube-proxy stopped",
         kThere,
         [](Facts& f) { f.processes.clear(); },
         {kDone, kDone, kDone, kNext},
         ""},
        {"all done",
         kThere,
         [](Facts& f) {
             f.processes.clear();
             f.rules.clear();
             f.to_remove.clear();
         },
         {kDone, kDone, kDone, kDone},
         ""},
        {"no agent",
         kThere,
         [](Facts& f) {
             f.processes.clear();
             f.agent_runs = f.agent_answers = f.agent_ready = f.tables_present = false;
             f.fairlead = {};
         },
         {kToDo, kDone, kDone, kToDo},
         "it does not run"},
        {"agent behind",
         kThere,
         [](Facts& f) {
             f.processes.clear();
             f.agent_ready = false;
         },
         {kToDo, kDone, kDone, kToDo},
         "not have all in the kernel"},
        {"agent elsewhere",
         kThere,
         [](Facts& f) { f.agent_answers = false; },
         {kToDo, kDone, kToDo, kToDo},
         "--admin-address"},
        {"fairlead serves less",
         kThere,
         [](Facts& f) {
             f.processes.clear();
             f.rules[0].frontends[tcp("10.96.0.11", 80)] = {"shop/till", {}};
         },
         {kDone, kBlocked, kDone, kToDo},
         "10.96.0.11:80/TCP shop/till"},
        {"FORWARD drops",
         kThere,
         [](Facts& f) {
             f.to_remove[0].kind = RulesKind::kIptablesNft;
             f.forward_drops = true;
         },
         {kDone, kBlocked, kToDo, kToDo},
         "accept traffic of pods"},
        {"ipvs", kThere, [](Facts& f) { f.ipvs = true; }, {kDone, kBlocked, kToDo, kToDo}, "ipvs mode"},
        {"iptables missing",
         kThere,
         [](Facts& f) { f.unreadable = "no iptables-nft-save"; },
         {kDone, kBlocked, kToDo, kToDo},
         "no iptables-nft-save"},
        {"back, agent runs", kBack, [](Facts&) {}, {kDone, kDone, kToDo, kToDo}, "put its tables back"},
        {"back, agent stopped",
         kBack,
         [](Facts& f) { f.agent_runs = f.agent_answers = f.agent_ready = false; },
         {kDone, kDone, kDone, kNext},
         ""},
        {"back, kube-proxy not there",
         kBack,
         [](Facts& f) {
             f.processes.clear();
             f.rules.clear();
         },
         {kToDo, kDone, kToDo, kToDo},
         "it does not run"},
        {"back, kube-proxy has no rules yet",
         kBack,
         [](Facts& f) { f.rules.clear(); },
         {kToDo, kDone, kToDo, kToDo},
         "not written its rules"},
        {"back, kube-proxy serves less",
         kBack,
         [](Facts& f) { f.rules[0].frontends.clear(); },
         {kDone, kBlocked, kToDo, kToDo},
         "10.96.0.10:80/TCP"},
        {"back, all done",
         kBack,
         [](Facts& f) {
             f.agent_runs = f.agent_answers = f.agent_ready = f.tables_present = false;
             f.fairlead = {};
         },
         {kDone, kDone, kDone, kDone},
         ""},
    };
    for (const auto& each : cases) {
        auto facts = both_families();
        each.change(facts);
        const auto plan = make_plan(facts, each.direction, false);
        EXPECT_EQ(states(plan), each.states) << each.name;
        EXPECT_EQ(plan.obstacle().empty(), each.obstacle.empty()) << each.name << ": " << plan.obstacle();
        EXPECT_THAT(plan.obstacle(), HasSubstr(each.obstacle)) << each.name;
    }
}

TEST(Plan, IsCompleteOnlyWhereTheOtherOneServes) {
    auto facts = both_families();
    facts.processes.clear();
    facts.rules.clear();
    facts.to_remove.clear();
    EXPECT_TRUE(make_plan(facts, Direction::kToFairlead, false).complete());
    EXPECT_THAT(plan_text(make_plan(facts, Direction::kToFairlead, false), facts),
                HasSubstr("Nothing is left to do"));
    facts.agent_runs = facts.agent_answers = facts.agent_ready = false;
    EXPECT_FALSE(make_plan(facts, Direction::kToFairlead, false).complete());
}

TEST(Plan, GoesOnDespiteDifferencesThatAreAcceptedButNotDespiteIpvs) {
    auto facts = both_families();
    facts.processes.clear();
    facts.rules[0].frontends[tcp("10.96.0.11", 80)] = {"shop/till", {}};
    EXPECT_EQ(make_plan(facts, Direction::kToFairlead, true).obstacle(), "");
    facts.ipvs = true;
    EXPECT_THAT(make_plan(facts, Direction::kToFairlead, true).obstacle(), HasSubstr("ipvs"));
}

TEST(Plan, NotesWhatWillBeDifferent) {
    auto facts = both_families(RulesKind::kIptablesNft);
    facts.rules[0].node_ports[{L4Protocol::kTcp, 30080}] = {"shop/cart:http", {pod(1)}};
    facts.rules[0].node_ports_everywhere = true;
    facts.rules[0].pods = {"10.64.0.0/11"};
    facts.fairlead.pods[Family::kIpv4] = {"cni0"};
    facts.to_remove[0].kept = {"KUBE-MARK-MASQ in table nat, for: -A CNI -j KUBE-MARK-MASQ"};
    facts.fairlead.frontends[tcp("10.96.0.10", 80)].affinity_timeout_s = 10;
    EXPECT_THAT(
        make_plan(facts, Direction::kToFairlead, false).notes,
        ElementsAre(HasSubstr("1 frontends have sessionAffinity"),
                    HasSubstr("told by 10.64.0.0/11 with kube-proxy (IPv4), by cni0 with"),
                    HasSubstr("every IPv4 address of this node, 127.0.0.1 included"),
                    HasSubstr("stays (iptables-nft IPv4): KUBE-MARK-MASQ"), HasSubstr("not touched")));
}

TEST(Plan, NotesThatOnlyOneMasqueradesAll) {
    auto facts = both_families();
    facts.rules[0].masquerades_all = true;
    EXPECT_THAT(make_plan(facts, Direction::kToFairlead, false).notes,
                ElementsAre("masqueradeAll: true with kube-proxy (IPv4), false with fairlead"));
    facts.fairlead.masquerades_all = true;
    EXPECT_THAT(make_plan(facts, Direction::kToFairlead, false).notes, IsEmpty());
}

TEST(PlanOutput, SaysWhatThereIsWhatIsToDoAndHowToUndoIt) {
    auto facts = both_families(RulesKind::kIptablesNft);
    facts.processes.clear();
    facts.rules[0].frontends[tcp("10.96.0.10", 80)].backends = {pod(1)};
    const auto plan = make_plan(facts, Direction::kToFairlead, false);
    EXPECT_EQ(plan_text(plan, facts), R"(On this node
  kube-proxy  no process (in a Pod: seen with hostPID: true only)
              iptables-nft rules, IPv4: 1 frontends, 0 node ports
  fairlead    agent ready, 1 frontends in the kernel

Other endpoints (1)
  10.96.0.10:80/TCP shop/cart:http
      only fairlead: 10.64.1.2:8080

Notes
  not touched: KUBE-FIREWALL and KUBE-KUBELET-CANARY, which are kubelet's, and sysctls

From kube-proxy to fairlead
  1. done     Run fairlead's agent beside kube-proxy
              it is ready, and all it knows is in the kernel
  2. done     See that both serve the same
              0 frontends are equal, 1 have other endpoints
  3. done     Stop kube-proxy on this node
              no process of it in this network namespace
  4. next     Remove kube-proxy's rules
              iptables-nft IPv4 (24 chains)
              how:  fairlead migrate kube-proxy --apply
              undo: start kube-proxy again: it writes all of its rules anew

Nothing was changed; --apply does the step that is next.
)");
    const auto json = plan_json(plan, facts);
    EXPECT_THAT(json,
                HasSubstr(R"("kind":"MigrationPlan","to":"fairlead","complete":false,"canApply":true)"));
    EXPECT_THAT(json,
                HasSubstr(R"("otherEndpoints":[{"frontend":"10.96.0.10:80/TCP","service":"shop/cart:http",)"
                          R"("onlyKubeProxy":[],"onlyFairlead":["10.64.1.2:8080"]}])"));
}

}  // namespace
}  // namespace fairlead::migrate
