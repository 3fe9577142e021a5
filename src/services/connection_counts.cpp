#include "services/connection_counts.h"

#include <algorithm>
#include <iterator>

#include "services/balancer.h"
#include "services/layout.h"
#include "services/packet_fields.h"

namespace fairlead::services {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;

namespace {

constexpr std::string_view kForwardedChain = "count-postrouting";
constexpr std::string_view kDeliveredChain = "count-input";

// The kernel runs the chains of a nat hook until one has decided on the source: before ours and everybody
// else's masquerading (NF_IP_PRI_NAT_SRC, 100).
constexpr std::int32_t kCountPriority = 90;

constexpr std::string_view kGuardedPrerouting = "count-guarded-prerouting";
constexpr std::string_view kGuardedOutput = "count-guarded-output";
constexpr std::string_view kGuardedChain = "count-guarded";
constexpr std::string_view kUnservedInput = "count-unserved-input";
constexpr std::string_view kUnservedForward = "count-unserved-forward";
constexpr std::string_view kUnservedOutput = "count-unserved-output";
constexpr std::string_view kUnservedChain = "count-unserved";

// Connection tracking knows the packet (-200), and nobody has translated it: one before `services`.
constexpr std::int32_t kGuardedPriority = -102;
// One before what rejects and drops.
constexpr std::int32_t kUnservedPriority = -91;

std::uint16_t port_of(Denial denial) {
    return static_cast<std::uint16_t>(static_cast<unsigned>(denial) + 1);
}

/// Expects the frontend in its registers.
Expressions count(Family family, Denial denial) {
    const Registers registers{family};
    const std::vector<std::byte> unspecified(base::address_size_bytes(family));
    const std::vector port = {std::byte{0}, static_cast<std::byte>(port_of(denial))};
    return {LoadImmediate{registers.result, unspecified}, LoadImmediate{registers.result_port, port},
            UpdateSet{SetUpdate::kAdd, std::string(kConnections), registers.frontend, std::nullopt,
                      std::nullopt}};
}

Expressions count_unserved(Family family, std::string_view set, Denial denial) {
    return load_frontend(family) +
           Expressions{LookupSet{std::string(set), Registers{family}.frontend, false}} +
           count(family, denial);
}

/// Only frontends whose balancer guards them have a look at `allowed_sources`.
Expressions count_guarded(Family family) {
    const Registers registers{family};
    const auto key = static_cast<Register>(registers.result + 1);
    const std::vector<std::byte> none(sizeof kGuardedFlag);
    const auto guarded = ElementBytes{}.add_number(kGuardedFlag);
    // Stock nft takes the second register of a looked-up value for what it held before.
    return load_frontend(family) +
           Expressions{load_number(0, key),
                       LookupMap{std::string(kFrontends), registers.frontend, registers.result},
                       Bitwise{key, key, {guarded.bytes().begin(), guarded.bytes().end()}, none},
                       Compare{key, CompareOp::kNotEqual, none},
                       load_source(family, registers.result),
                       LookupSet{std::string(kAllowedSources), registers.frontend, true}} +
           count(family, Denial::kSourceRange);
}

std::vector<Rule> unserved_rules(Family family) {
    std::vector<Rule> rules;
    for (const auto chain : {kUnservedInput, kUnservedForward, kUnservedOutput})
        rules.push_back({std::string(chain), if_new() + Expressions{jump(kUnservedChain)}, "new ones only"});
    for (const auto chain : {kGuardedPrerouting, kGuardedOutput})
        rules.push_back({std::string(chain), if_new() + Expressions{jump(kGuardedChain)}, "new ones only"});
    rules.push_back({std::string(kUnservedChain), count_unserved(family, kNoEndpoints, Denial::kNobody),
                     "will be rejected"});
    rules.push_back(
        {std::string(kUnservedChain), count_unserved(family, kDropped, Denial::kPolicy), "will be dropped"});
    rules.push_back({std::string(kGuardedChain), count_guarded(family), "loadBalancerSourceRanges"});
    return rules;
}

}  // namespace

Backend stand_in(Family family, Denial denial) {
    const std::vector<std::byte> unspecified(base::address_size_bytes(family));
    return {base::IpAddress{unspecified}, port_of(denial)};
}

std::optional<Denial> denial_of(const Backend& backend) {
    if (backend.port == 0 || backend.port > std::size(kDenials)) return std::nullopt;
    const auto denial = kDenials[backend.port - 1];
    return backend == stand_in(backend.address.family(), denial) ? std::optional{denial} : std::nullopt;
}

Set connections_set(Family family) {
    const DataType address = family == Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    Set set;
    set.name = kConnections;
    set.key = {address, DataType::kInetProtocol, DataType::kInetService, address, DataType::kInetService};
    set.comment = "Service address . endpoint, counts new connections, written by the packets";
    set.dynamic = true;
    set.size = kLargestConnections;
    set.counts = true;
    return set;
}

std::vector<Chain> counting_chains() {
    return {{std::string(kForwardedChain), ChainHook{ChainType::kNat, Hook::kPostrouting, kCountPriority},
             "connections to endpoints elsewhere and to pods"},
            {std::string(kDeliveredChain), ChainHook{ChainType::kNat, Hook::kInput, kCountPriority},
             "connections to endpoints in this network namespace"},
            {std::string(kGuardedPrerouting),
             ChainHook{ChainType::kFilter, Hook::kPrerouting, kGuardedPriority}, "clients that may not come"},
            {std::string(kGuardedOutput), ChainHook{ChainType::kFilter, Hook::kOutput, kGuardedPriority},
             "the same for this node"},
            {std::string(kUnservedInput), ChainHook{ChainType::kFilter, Hook::kInput, kUnservedPriority},
             "Service addresses that are also addresses of this node"},
            {std::string(kUnservedForward), ChainHook{ChainType::kFilter, Hook::kForward, kUnservedPriority},
             "connections of pods and from outside"},
            {std::string(kUnservedOutput), ChainHook{ChainType::kFilter, Hook::kOutput, kUnservedPriority},
             "connections of this node"},
            // What is jumped to comes last: it goes last, too.
            {std::string(kGuardedChain), std::nullopt, "clients that loadBalancerSourceRanges leaves out"},
            {std::string(kUnservedChain), std::nullopt, "Services that nobody serves here"}};
}

std::vector<Rule> counting_rules(Family family) {
    const Registers registers{family};
    const auto served =
        if_translated() + load_original_frontend(family) +
        Expressions{load_destination(family, registers.result), load_destination_port(registers.result_port),
                    UpdateSet{SetUpdate::kAdd, std::string(kConnections), registers.frontend, std::nullopt,
                              std::nullopt}};
    std::vector<Rule> rules = {
        {std::string(kForwardedChain), served, "the first packet of a connection only"},
        {std::string(kDeliveredChain), served, "the first packet of a connection only"}};
    std::ranges::move(unserved_rules(family), std::back_inserter(rules));
    return rules;
}

void append_counting_to(Transaction& transaction, Family family) {
    transaction.add(AddSet{connections_set(family)});
    for (auto& chain : counting_chains())
        transaction.add(AddChain{std::move(chain)});
    for (auto& rule : counting_rules(family))
        transaction.add(AddRule{std::move(rule)});
}

void append_counting_removal_to(Transaction& transaction) {
    for (const auto& chain : counting_chains())
        transaction.add(DeleteChain{chain.name});
    transaction.add(DeleteSet{std::string(kConnections)});
}

}  // namespace fairlead::services
