#include "services/layout.h"

#include "services/connection_counts.h"
#include "services/packet_fields.h"

namespace fairlead::services {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;

namespace {

// Change it with every change of chains, rules or sets: tables of other versions are replaced on start.
constexpr std::string_view kLayoutVersion = "fairlead layout 5";

constexpr std::string_view kServicesChain = "services";
constexpr std::string_view kMasqueradeChain = "masquerade-translated";
constexpr std::string_view kRejectChain = "reject-unserved";

// After every nat chain (-101 ours, -100 those of others), before everybody else's filters (0): what was not
// translated is not delivered.
constexpr std::int32_t kRejectPriority = -90;

// Clients that are remembered at a time; who comes then is balanced as if there was no affinity.
constexpr std::uint32_t kLargestAffinity = 1U << 20U;

std::vector<Set> service_sets(Family family) {
    const DataType address = family == Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    const std::vector frontend = {address, DataType::kInetProtocol, DataType::kInetService};
    const std::vector backend = {address, DataType::kInetService};
    // Stock nft aborts on a concatenation with the first register of a looked-up value in it: what clients
    // keep begins with a word that nobody needs, the Service's port (docs/decisions/0007).
    const std::vector kept_backend = {DataType::kInetService, address, DataType::kInetService};
    const std::vector endpoint = {DataType::kMark, address, DataType::kInetProtocol, DataType::kInetService};
    const std::vector alive = {address, DataType::kInetProtocol, DataType::kInetService, address,
                               DataType::kInetService};
    const std::vector choice = {DataType::kMark, DataType::kMark, DataType::kMark};
    std::vector<Set> sets;
    const auto set = [&](std::string_view name, std::vector<DataType> key, std::vector<DataType> data,
                         std::string_view comment) -> Set& {
        sets.emplace_back();
        sets.back().name = name;
        sets.back().key = std::move(key);
        sets.back().data = std::move(data);
        sets.back().comment = comment;
        return sets.back();
    };
    set(kFrontends, frontend, choice, "Service address to number of endpoints . balancer");
    set(kOutsideFrontends, frontend, choice, "the same for connections from outside, where they differ");
    set(kBalancers, {DataType::kMark, DataType::kMark}, {DataType::kVerdict},
        "number and flags . affinity timeout to the chain that chooses");
    set(kOutsideBalancers, {DataType::kMark, DataType::kMark}, {DataType::kVerdict},
        "the same for connections from outside, where they differ");
    set(kEndpoints, endpoint, backend, "index . Service address to endpoint");
    set(kOutsideEndpoints, endpoint, backend, "the same for connections from outside, where they differ");
    set(kStickyEndpoints, endpoint, kept_backend,
        "index . Service address to port . endpoint that clients keep");
    set(kOutsideStickyEndpoints, endpoint, kept_backend,
        "the same for connections from outside, where they differ");
    auto& affinity =
        set(kAffinity, {address, address, DataType::kInetProtocol, DataType::kInetService}, kept_backend,
            "client . Service address to the endpoint it had last, written by the packets");
    affinity.dynamic = true;
    affinity.timeout = true;
    affinity.size = kLargestAffinity;
    set(kAlive, alive, {}, "Service address . endpoint, where clients keep theirs");
    set(kOutsideAlive, alive, {}, "the same for connections from outside, where they differ");
    set(kAllowedSources, {address, DataType::kInetProtocol, DataType::kInetService, address}, {},
        "Service address . client, where not everybody may come")
        .interval = true;
    set(kNoEndpoints, frontend, {}, "Service addresses without endpoints, rejected");
    set(kDropped, frontend, {}, "Service addresses whose policy leaves no endpoint here");
    set(kClusterIps, {address}, {}, "every ClusterIP");
    set(kMasqueradeAll, frontend, {}, "Service addresses that hide their clients");
    set(kMasqueradeNode, frontend, {}, "Service addresses that hide this node only");
    set(kHairpin, {address, address}, {}, "endpoints of this node that reach themselves through a Service");
    sets.push_back(service_endpoints_set(family));
    return sets;
}

std::vector<Set> configured_sets(Family family) {
    const DataType address = family == Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    const auto ranges = [](std::string_view name, DataType key, std::string_view comment) {
        Set set;
        set.name = name;
        set.key = {key};
        set.interval = true;
        set.comment = comment;
        return set;
    };
    return {ranges(kServiceCidrs, address, "where Service addresses come from"),
            ranges(kPodCidrs, address, "addresses of pods"),
            ranges(kPodInterfaces, DataType::kInterfaceName, "interfaces of pods"),
            ranges(kKeptSources, address, "clients of ClusterIPs that keep their address"),
            ranges(kKeptInterfaces, DataType::kInterfaceName, "interfaces behind which they keep it")};
}

std::vector<Chain> chains_of() {
    const auto hook = [](ChainType type, Hook where, std::int32_t priority) {
        return ChainHook{type, where, priority};
    };
    // One before NF_IP_PRI_NAT_DST, where kube-proxy is: among equals the chain that was made last would come
    // first. What we do not translate, the next one may (docs/decisions/0010).
    constexpr std::int32_t kDestinationNat = -101;
    constexpr std::int32_t kSourceNat = 100;  // NF_IP_PRI_NAT_SRC
    return {
        {std::string(kTranslatingChains[0]), hook(ChainType::kNat, Hook::kPrerouting, kDestinationNat),
         "connections of pods and from outside"},
        {std::string(kTranslatingChains[1]), hook(ChainType::kNat, Hook::kOutput, kDestinationNat),
         "connections of the node itself"},
        {"nat-postrouting", hook(ChainType::kNat, Hook::kPostrouting, kSourceNat),
         "translated connections whose answer must come back through this node"},
        {"filter-input", hook(ChainType::kFilter, Hook::kInput, kRejectPriority),
         "Service addresses that are also addresses of this node"},
        {"filter-forward", hook(ChainType::kFilter, Hook::kForward, kRejectPriority),
         "connections of pods and from outside that were not translated"},
        {"filter-output", hook(ChainType::kFilter, Hook::kOutput, kRejectPriority),
         "connections of the node itself that were not translated"},
        {std::string(kServicesChain), std::nullopt, "finds the endpoint of a new connection"},
        {std::string(kOutsideChain), std::nullopt, "externalTrafficPolicy Local"},
        {std::string(kMasqueradeChain), std::nullopt, "whose client gets an address of this node"},
        {std::string(kRejectChain), std::nullopt, "Service addresses that nothing was found for"},
        {std::string(kRefuseChain), std::nullopt, "says at once that nobody is there"},
    };
}

Expressions source_in(Family family, std::string_view set, bool inverted = false) {
    const auto source = Registers{family}.source;
    return {load_source(family, source), LookupSet{std::string(set), source, inverted}};
}

Expressions interface_in(std::string_view set, bool inverted = false) {
    constexpr Register kScratch = 0;
    return {LoadMeta{MetaKey::kInputInterfaceName, kScratch},
            LookupSet{std::string(set), kScratch, inverted}};
}

Expressions frontend_in(Family family, std::string_view set) {
    return load_frontend(family) +
           Expressions{LookupSet{std::string(set), Registers{family}.frontend, false}};
}

Expressions original_frontend_in(Family family, std::string_view set) {
    return load_original_frontend(family) +
           Expressions{LookupSet{std::string(set), Registers{family}.frontend, false}};
}

std::vector<Rule> translate_rules(Family family) {
    const std::string outside{kOutsideChain};
    const Expressions back = {Verdict{VerdictKind::kReturn, ""}};
    return {
        {std::string(kTranslatingChains[0]), {jump(kServicesChain)}, "the first packet of a connection only"},
        {std::string(kTranslatingChains[1]), {jump(kServicesChain)}, "the first packet of a connection only"},
        {std::string(kServicesChain), load_frontend(family) + pick_balancer(family, Origin::kCluster),
         "@frontends gives the key of @balancers (nft prints 0x0 for it)"},
        {outside, source_in(family, kPodCidrs) + back, "a pod"},
        {outside, interface_in(kPodInterfaces) + back, "a pod"},
        {outside, if_from_node() + back, "this node"},
        {outside, load_frontend(family) + pick_balancer(family, Origin::kOutside),
         "@outside_frontends gives the key of @outside_balancers (nft prints 0x0 for it)"},
        {outside, {Verdict{VerdictKind::kAccept, ""}}, "stays as it is, for filter-* to drop"},
    };
}

std::vector<Rule> reject_rules(Family family) {
    const std::string reject{kRejectChain};
    const Register frontend = Registers{family}.frontend;
    const auto destination_in = [&](std::string_view set) {
        return Expressions{load_destination(family, frontend), LookupSet{std::string(set), frontend, false},
                           go(kRefuseChain)};
    };
    const Expressions refuse = {go(kRefuseChain)};
    const Expressions drop = {Counter{}, Verdict{VerdictKind::kDrop, ""}};
    const Expressions go_to_reject = {go(kRejectChain)};
    const Expressions leave = if_established() + Expressions{Verdict{VerdictKind::kReturn, ""}};
    constexpr std::string_view kOthers = "established ones are none of our business";
    constexpr Register kScratch = 0;
    return {
        {"filter-input", leave, std::string(kOthers)},
        {"filter-input", if_new() + frontend_in(family, kNoEndpoints) + refuse, "Service without endpoints"},
        {"filter-input", if_new() + frontend_in(family, kDropped) + drop, "no endpoint here"},
        rule_that_guards("filter-input", kGuardInput),
        {"filter-forward", leave, std::string(kOthers)},
        {"filter-forward", if_new() + go_to_reject, "was not translated"},
        rule_that_guards("filter-forward", kGuardForward),
        {"filter-output", leave, std::string(kOthers)},
        {"filter-output", if_new() + go_to_reject, "was not translated"},
        rule_that_guards("filter-output", kGuardOutput),
        {reject, frontend_in(family, kNoEndpoints) + refuse, "Service without endpoints"},
        {reject, frontend_in(family, kDropped) + drop, "traffic policy Local and no endpoint here"},
        {reject, destination_in(kClusterIps), "port that the Service does not have"},
        {reject, destination_in(kServiceCidrs), "address that no Service has"},
        {std::string(kRefuseChain),
         {LoadMeta{MetaKey::kL4Protocol, kScratch}, Compare{kScratch, CompareOp::kEqual, {std::byte{6}}},
          Counter{}, Reject{RejectWith::kTcpReset}},
         "TCP knows how to refuse"},
        {std::string(kRefuseChain),
         {Counter{}, Reject{RejectWith::kPortUnreachable}},
         "all else is told by ICMP"},
    };
}

std::vector<Rule> masquerade_rules(Family family) {
    const std::string chain{kMasqueradeChain};
    const Registers registers{family};
    const auto original_destination =
        family == Family::kIpv4 ? CtKey::kDestinationIpv4 : CtKey::kDestinationIpv6;
    const Expressions masquerade = {Masquerade{true}};
    return {
        {"nat-postrouting", if_translated() + Expressions{jump(kMasqueradeChain)},
         "all others are none of our business"},
        {chain,
         Expressions{load_source(family, registers.source), load_destination(family, registers.frontend),
                     LookupSet{std::string(kHairpin), registers.source, false}} +
             masquerade,
         "an endpoint that reached itself must see the answer come from elsewhere"},
        {chain, original_frontend_in(family, kMasqueradeAll) + masquerade,
         "an address for the outside: the answer must come back through this node"},
        {chain, original_frontend_in(family, kMasqueradeNode) + if_from_node() + masquerade,
         "this node may have asked from an address that leads elsewhere"},
        {chain,
         Expressions{LoadCt{original_destination, CtDirection::kOriginal, registers.frontend},
                     LookupSet{std::string(kClusterIps), registers.frontend, false}} +
             source_in(family, kKeptSources, true) + interface_in(kKeptInterfaces, true) + masquerade,
         "not from a pod: the answer must come back through this node"},
    };
}

}  // namespace

TableContents layout(Family family, const LayoutOptions& options, const KernelFeatures& features) {
    TableContents contents{{family, std::string(kTableName), std::string(kLayoutVersion)},
                           chains_of(),
                           {},
                           service_sets(family)};
    for (auto& set : configured_sets(family))
        contents.sets.push_back(std::move(set));
    for (auto& chain : guard_chains())
        contents.chains.push_back(std::move(chain));
    for (auto rules : {translate_rules(family), masquerade_rules(family), reject_rules(family),
                       guard_rules(family, options.guard)})
        for (auto& rule : rules)
            contents.rules.push_back(std::move(rule));
    if (options.counts_connections) {
        contents.sets.push_back(connections_set(family));
        for (auto& chain : counting_chains())
            contents.chains.push_back(std::move(chain));
        for (auto& rule : counting_rules(family))
            contents.rules.push_back(std::move(rule));
    }
    contents.rules = adapted(std::move(contents.rules), features);
    return contents;
}

void append_layout_to(Transaction& transaction, Family family, const LayoutOptions& options,
                      const KernelFeatures& features) {
    auto contents = layout(family, options, features);
    transaction.add(AddTable{});
    for (auto& set : contents.sets)
        transaction.add(AddSet{std::move(set)});
    for (auto& chain : contents.chains)
        transaction.add(AddChain{std::move(chain)});
    for (auto& rule : contents.rules)
        transaction.add(AddRule{std::move(rule)});
}

}  // namespace fairlead::services
