#include "services/kernel_features.h"

#include <algorithm>
#include <cerrno>

#include "kernel/nftables/transaction.h"
#include "services/packet_fields.h"

namespace fairlead::services {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;
using base::Result;

namespace {

constexpr Feature kFeatures[] = {
    Feature::kRandomNumbers,    Feature::kHashes,   Feature::kDynamicSets, Feature::kMasquerade,
    Feature::kRandomSourcePort, Feature::kCounters, Feature::kReject,      Feature::kFib};

constexpr std::string_view kProbeTable = "fairlead-probe";
constexpr std::string_view kProbeChain = "probe";
constexpr std::string_view kProbeSet = "probed";

template <class Kind>
bool is(const Expression& expression) {
    return std::holds_alternative<Kind>(expression);
}

template <class Kind>
bool any(const Rule& rule) {
    return std::ranges::any_of(rule.expressions, is<Kind>);
}

/// Source and destination port decide: the first differs from connection to connection.
Expressions index_by_port(const RandomNumber& random, const KernelFeatures& features) {
    if (!features.has(Feature::kHashes)) return {load_number(0, random.to)};
    constexpr std::uint8_t kBothPorts = 4;
    return {LoadPayload{PayloadBase::kTransportHeader, 0, kBothPorts, random.to},
            JenkinsHash{random.to, kBothPorts, random.modulus, 0, 0, random.to}};
}

/// Fib and the comparison behind it.
Expressions if_through_no_interface(const Fib& fib) {
    return {LoadMeta{MetaKey::kInputInterface, fib.to},
            Compare{fib.to, CompareOp::kEqual, std::vector<std::byte>(4)}};
}

void adapt_random(Rule& rule, const KernelFeatures& features) {
    Expressions kept;
    for (auto& expression : rule.expressions) {
        const auto* random = std::get_if<RandomNumber>(&expression);
        for (auto& one : random ? index_by_port(*random, features) : Expressions{std::move(expression)})
            kept.push_back(std::move(one));
    }
    rule.expressions = std::move(kept);
    rule.comment += features.has(Feature::kHashes) ? ", as far as a port is" : ", that is the first";
}

void adapt_fib(Rule& rule) {
    Expressions kept;
    for (std::size_t i = 0; i < rule.expressions.size(); ++i) {
        if (const auto* fib = std::get_if<Fib>(&rule.expressions[i])) {
            kept = kept + if_through_no_interface(*fib);
            ++i;
        } else {
            kept.push_back(std::move(rule.expressions[i]));
        }
    }
    rule.expressions = std::move(kept);
}

void adapt(Rule& rule, const KernelFeatures& features) {
    if (!features.has(Feature::kCounters)) std::erase_if(rule.expressions, is<Counter>);
    if (!features.has(Feature::kRandomNumbers) && any<RandomNumber>(rule)) adapt_random(rule, features);
    if (!features.has(Feature::kFib) && any<Fib>(rule)) adapt_fib(rule);
    for (auto& expression : rule.expressions) {
        if (!features.has(Feature::kReject) && is<Reject>(expression))
            expression = Verdict{VerdictKind::kDrop, ""};
        if (!features.has(Feature::kRandomSourcePort) && is<Masquerade>(expression))
            expression = Masquerade{false};
    }
}

/// A rule that needs the feature.
Expressions that_needs(Feature feature) {
    switch (feature) {
        case Feature::kRandomNumbers:
            return {RandomNumber{2, 0}};
        case Feature::kHashes:
            return {load_number(0, 0), JenkinsHash{0, 4, 2, 0, 0, 0}};
        case Feature::kDynamicSets:
            return {load_number(0, 0), UpdateSet{SetUpdate::kUpdate, std::string(kProbeSet), 0, {}, 1000}};
        case Feature::kMasquerade:
            return {Masquerade{false}};
        case Feature::kRandomSourcePort:
            return {Masquerade{true}};
        case Feature::kCounters:
            return {Counter{}};
        case Feature::kReject:
            return {Reject{RejectWith::kPortUnreachable}};
        case Feature::kFib:
            return if_from_node();
    }
    return {};
}

ChainHook hook_for(Feature feature) {
    if (feature == Feature::kMasquerade || feature == Feature::kRandomSourcePort)
        return {ChainType::kNat, Hook::kPostrouting, 0};
    return {ChainType::kFilter, Hook::kInput, 0};
}

/// Makes a table with one rule and removes it, all in one.
Result<void> probe(NftTables& tables, Family family, const ChainHook& hook, Expressions expressions) {
    Set set;
    set.name = kProbeSet;
    set.key = {DataType::kMark};
    set.dynamic = true;
    set.timeout = true;
    set.size = 1;
    Transaction transaction{{family, std::string(kProbeTable), ""}};
    transaction.add(AddTable{});
    transaction.add(AddSet{std::move(set)});
    transaction.add(AddChain{{std::string(kProbeChain), hook, ""}});
    if (!expressions.empty())
        transaction.add(AddRule{{std::string(kProbeChain), std::move(expressions), ""}});
    transaction.add(DestroyTable{});
    return tables.commit(transaction);
}

}  // namespace

std::string_view name_of(Feature feature) {
    constexpr std::string_view kNames[] = {"numgen",  "hash",   "dynset", "masq", "masq fully-random",
                                           "counter", "reject", "fib"};
    return kNames[static_cast<std::size_t>(feature)];
}

std::vector<Rule> adapted(std::vector<Rule> rules, const KernelFeatures& features) {
    if (features.missing().empty()) return rules;
    if (!features.has(Feature::kMasquerade)) std::erase_if(rules, any<Masquerade>);
    for (auto& rule : rules)
        adapt(rule, features);
    return rules;
}

bool means_missing_support(const base::Error& error) {
    return error.errno_value == ENOENT || error.code == base::ErrorCode::kUnsupported;
}

bool may_mean_missing_feature(const base::Error& error) {
    return means_missing_support(error) || error.errno_value == EINVAL;
}

Result<KernelFeatures> probe_features(NftTables& tables, Family family) {
    KernelFeatures all;
    if (!probe(tables, family, hook_for(Feature::kFib), {})) return all;
    for (const auto feature : kFeatures)
        all.lose(feature, "");
    return probe_missing(tables, family, all);
}

Result<KernelFeatures> probe_missing(NftTables& tables, Family family, const KernelFeatures& known) {
    KernelFeatures found;
    for (const auto& [feature, words] : known.missing()) {
        auto answer = probe(tables, family, hook_for(feature), that_needs(feature));
        if (answer) continue;
        if (!may_mean_missing_feature(answer.error())) return std::unexpected(std::move(answer).error());
        found.lose(feature, answer.error().message);
    }
    return found;
}

}  // namespace fairlead::services
