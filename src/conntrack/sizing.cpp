#include "conntrack/sizing.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::conntrack {

namespace {

/// What an entry takes: 256 bytes, and 128 once it has an extension such as accounting (both measured on
/// Linux 6.18).
constexpr std::uint64_t kEntryBytes = 384;
/// What of memory a table may take that nobody has needed yet, and one that is needed.
constexpr std::uint64_t kShareUnasked = 64;
constexpr std::uint64_t kShareNeeded = 16;
constexpr std::uint64_t kMostUnasked = 1'048'576;
constexpr std::uint64_t kMostNeeded = 4'194'304;
/// Larger tables, 8 bytes a bucket, fit no cache any more (kubernetes/kubernetes#136228).
constexpr std::uint64_t kMostBuckets = 1'048'576;
/// kube-proxy's bounds (pkg/proxy/conntrack/sysctls.go).
constexpr std::uint64_t kMostByCpus = 1'048'576;
constexpr std::uint64_t kEntriesPerBucketFixed = 4;
/// The kernel makes whole pages of buckets; a maximum that is a multiple has as many.
constexpr std::uint64_t kStep = 4096;
constexpr std::uint64_t kLargestInt = 2'147'483'647;

struct Wish {
    std::uint64_t value = 0;  ///< 0: none
    std::string_view field;
    std::string why;
};

constexpr std::string_view kAutomaticField = "conntrack.sizing";

Wish configured_max(const SizingSettings& settings, unsigned cpus) {
    const auto uncapped = settings.max_per_core * cpus;
    const auto scaled = std::min(uncapped, kMostByCpus);
    if (settings.min >= scaled)
        return {settings.min, "conntrack.min", fmt::format("at least {}", settings.min)};
    return {scaled, "conntrack.maxPerCore",
            fmt::format("{} for each of {} CPUs{}", settings.max_per_core, cpus,
                        uncapped > scaled ? fmt::format(", {} at most", kMostByCpus) : "")};
}

std::uint64_t entries_in(std::uint64_t bytes, std::uint64_t most) {
    const auto entries = std::min(bytes / kEntryBytes, most);
    return entries - entries % kStep;
}

Wish max_by_memory(std::uint64_t memory) {
    return {entries_in(memory / kShareUnasked, kMostUnasked), kAutomaticField,
            fmt::format("1/{} of {:.1f} GiB of memory at {} bytes an entry, {} at most", kShareUnasked,
                        static_cast<double>(memory) / (1U << 30U), kEntryBytes, kMostUnasked)};
}

Wish max_by_peak(std::uint64_t peak, std::uint64_t now, std::uint64_t memory) {
    auto grown = now;
    while (crowded(peak, grown))
        grown *= 2;
    const auto limit = entries_in(memory / kShareNeeded, kMostNeeded);
    const auto limits = fmt::format("1/{} of memory and {} entries are the limit", kShareNeeded, kMostNeeded);
    return {std::max(now, std::min(grown, limit)), kAutomaticField,
            fmt::format("{} flows at once are over 3/4 of {}: {}", peak, now,
                        grown > limit ? limits : "doubled")};
}

std::optional<std::uint64_t> value_now(const SizingFacts& facts, std::string_view name) {
    const auto found = facts.now.find(name);
    if (found == facts.now.end() || !found->second) return std::nullopt;
    return *found->second;
}

/// Why there are no automatic sizes; empty if there are.
std::string_view why_not_automatic(const SizingSettings& settings, const SizingFacts& facts) {
    if (settings.sizing == Sizing::kFixed) return "nothing is configured";
    if (!facts.initial_namespace) return "automatic sizes are for the initial network namespace only";
    if (!facts.memory_bytes) return "how much memory there is is not known";
    return {};
}

Wish wanted_max(const SizingSettings& settings, const SizingFacts& facts) {
    auto wish = configured_max(settings, facts.cpus);
    if (!why_not_automatic(settings, facts).empty()) return wish;
    const auto take_larger = [&](Wish other) {
        if (other.value > wish.value) wish = std::move(other);
    };
    take_larger(max_by_memory(*facts.memory_bytes));
    if (const auto now = value_now(facts, kMax); now && crowded(facts.peak, *now))
        take_larger(max_by_peak(facts.peak, *now, *facts.memory_bytes));
    return wish;
}

/// `max`: what the maximum will be; 0: no limit.
Wish wanted_buckets(const SizingSettings& settings, const SizingFacts& facts, std::uint64_t max) {
    if (settings.sizing == Sizing::kFixed) {
        const auto configured = configured_max(settings, facts.cpus);
        return {configured.value / kEntriesPerBucketFixed, configured.field,
                fmt::format("one for {} of {} entries", kEntriesPerBucketFixed, configured.value)};
    }
    if (!why_not_automatic(settings, facts).empty()) return {};
    if (max == 0) max = facts.peak;  // without a limit there is but what was seen
    if (max <= kMostBuckets)
        return {max, kAutomaticField, fmt::format("chains of 2 on average with {} entries", max)};
    return {kMostBuckets, kAutomaticField,
            fmt::format("a larger table fits no cache; chains of {:.1f} on average with {} entries",
                        2.0 * static_cast<double>(max) / kMostBuckets, max)};
}

/// What is in the way of writing a value; empty: nothing.
std::string obstacle_to(const PlannedValue& planned, const SizingFacts& facts) {
    if (!planned.now) {
        const auto found = facts.now.find(planned.name);
        return found == facts.now.end() ? "is not known" : found->second.error().message;
    }
    const bool size = planned.name == kMax || planned.name == kBuckets;
    if (size && !facts.initial_namespace) return "can be changed in the initial network namespace only";
    const auto reason = facts.left_alone.find(planned.name);
    return reason == facts.left_alone.end() ? std::string{} : reason->second;
}

/// Sets the action and the reason; `wish`: why the wanted value, or why there is none.
void decide(PlannedValue& planned, const SizingFacts& facts, std::string_view wish) {
    planned.why = wish;
    const auto obstacle = obstacle_to(planned, facts);
    if (!planned.wanted) {
        if (!planned.now) planned.why = obstacle;
    } else if (planned.now && satisfies(planned, *planned.now)) {
        if (planned.name == kMax && *planned.now == 0)
            planned.why = "0 is no limit";
        else if (*planned.now != *planned.wanted)
            planned.why = fmt::format("more than wanted, {}: {}", *planned.wanted, wish);
    } else if (obstacle.empty()) {
        planned.action = PlannedAction::kWrite;
    } else {
        planned.action = PlannedAction::kBlock;
        planned.why = fmt::format("{} (wanted: {})", obstacle, wish);
    }
}

PlannedValue plan_size(std::string_view name, const SizingSettings& settings, const SizingFacts& facts,
                       Wish wish) {
    const auto written = facts.written.find(name);
    if (written != facts.written.end() && written->second > wish.value)
        wish = {written->second, kAutomaticField, "as written before"};
    PlannedValue planned;
    planned.name = name;
    planned.field = wish.value > 0 ? wish.field : kAutomaticField;
    planned.now = value_now(facts, name);
    planned.at_least = true;
    planned.configured = settings.max_per_core > 0 || settings.min > 0;
    if (wish.value > 0) planned.wanted = std::min(wish.value, kLargestInt);
    if (const auto why_not = why_not_automatic(settings, facts); wish.value == 0 && !why_not.empty())
        wish.why = why_not;
    decide(planned, facts, wish.why);
    return planned;
}

PlannedValue plan_value(const ValueSetting& setting, const SizingFacts& facts) {
    PlannedValue planned;
    planned.name = setting.name;
    planned.field = setting.field;
    planned.now = value_now(facts, setting.name);
    planned.wanted = setting.value;
    planned.configured = setting.value.has_value();
    decide(planned, facts, setting.value ? "as configured" : "nothing is configured");
    return planned;
}

/// A default of ours takes the place of the kernel's, and of nothing else.
PlannedValue plan_default(const ValueSetting& setting, const SizingFacts& facts) {
    PlannedValue planned;
    planned.name = setting.name;
    planned.field = setting.field;
    planned.now = value_now(facts, setting.name);
    const bool chosen = planned.now && planned.now != setting.only_instead_of && planned.now != setting.value;
    if (!chosen) planned.wanted = setting.value;
    decide(planned, facts,
           chosen
               ? std::string("somebody has set it")
               : fmt::format("kube-proxy's default instead of the kernel's, {}", *setting.only_instead_of));
    return planned;
}

}  // namespace

bool satisfies(const PlannedValue& planned, std::uint64_t now) {
    if (!planned.wanted || now == *planned.wanted) return true;
    return planned.at_least && (now > *planned.wanted || (planned.name == kMax && now == 0));
}

bool crowded(std::uint64_t peak, std::uint64_t max) {
    return max > 0 && peak > max - max / 4;
}

std::vector<PlannedValue> plan_sizes(const SizingSettings& settings, const SizingFacts& facts) {
    std::vector<PlannedValue> plan;
    plan.push_back(plan_size(kMax, settings, facts, wanted_max(settings, facts)));
    const auto& max = plan.front();
    const auto max_then = max.action == PlannedAction::kWrite ? *max.wanted : max.now.value_or(0);
    plan.push_back(plan_size(kBuckets, settings, facts, wanted_buckets(settings, facts, max_then)));
    for (const auto& value : settings.values)
        plan.push_back(value.only_instead_of ? plan_default(value, facts) : plan_value(value, facts));
    return plan;
}

}  // namespace fairlead::conntrack
