#include "services/invalid_guard.h"

#include "services/layout.h"
#include "services/packet_fields.h"

namespace fairlead::services {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;

namespace {

constexpr GuardedHook kHooks[] = {
    {kGuardInput, "input"}, {kGuardForward, "forward"}, {kGuardOutput, "output"}};

Expressions drop_those(Family family, InvalidGuard guard) {
    const Expressions drop = {Counter{}, Verdict{VerdictKind::kDrop, ""}};
    if (guard == InvalidGuard::kAll) return drop;
    const Register source = Registers{family}.frontend;
    return load_source_socket(family, source) +
           Expressions{LookupSet{std::string(kServiceEndpoints), source, false}} + drop;
}

}  // namespace

std::span<const GuardedHook> guarded_hooks() {
    return kHooks;
}

Set service_endpoints_set(Family family) {
    const DataType address = family == Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    Set set;
    set.name = kServiceEndpoints;
    set.key = {address, DataType::kInetProtocol, DataType::kInetService};
    set.comment = "endpoints of Services, whose packets in state INVALID clients must not see";
    return set;
}

std::vector<Chain> guard_chains() {
    std::vector<Chain> chains;
    for (const auto& [chain, hook] : kHooks)
        chains.push_back({std::string(chain), std::nullopt, "packets in state INVALID: conntrack.guard"});
    return chains;
}

Rule rule_that_guards(std::string_view base_chain, std::string_view chain) {
    return {std::string(base_chain), if_invalid() + Expressions{go(chain)}, "what conntrack cannot place"};
}

std::vector<Rule> guard_rules(Family family, InvalidGuard guard) {
    if (guard == InvalidGuard::kNone) return {};
    std::vector<Rule> rules;
    for (const auto& [chain, hook] : kHooks)
        rules.push_back({std::string(chain), drop_those(family, guard),
                         guard == InvalidGuard::kAll
                             ? "whoever sent it"
                             : "untranslated: the client would reset its connection"});
    return rules;
}

void append_guard_to(Transaction& transaction, Family family, InvalidGuard guard,
                     const KernelFeatures& features) {
    for (const auto& [chain, hook] : kHooks)
        transaction.add(FlushChain{std::string(chain)});
    for (auto& rule : adapted(guard_rules(family, guard), features))
        transaction.add(AddRule{std::move(rule)});
}

}  // namespace fairlead::services
