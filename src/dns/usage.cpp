#include "dns/usage.h"

#include <absl/hash/hash.h>

#include <algorithm>

namespace fairlead::dns {

namespace {

using namespace std::chrono_literals;

/// From one query of a walk to the next, with an upstream that does not answer.
constexpr base::Duration kLongestStep = 10s;

unsigned dots_of(const Name& name) {
    return name.is_root() ? 0 : static_cast<unsigned>(name.label_count() - 1);
}

/// What OpenWalk has of a lookup; never 0.
std::uint64_t lookup_of(const Name& base, RecordType type) {
    return absl::HashOf(base, type) | 1U;
}

}  // namespace

void PodUsage::add(const PodUsage& other) {
    queries += other.queries;
    lookups += other.lookups;
    wasted += other.wasted;
    collapsed += other.collapsed;
    would_collapse += other.would_collapse;
    avoided += other.avoided;
    avoidable += other.avoidable;
    wasted_names.add_all(other.wasted_names);
    most_dots_found = std::max(most_dots_found, other.most_dots_found);
}

UsageRecorder::Pod* UsageRecorder::pod_of(const SearchContext& context) {
    const auto found = pods_.find(context.pod_number);
    if (found != pods_.end()) return found->second.get();
    if (pods_.size() >= max_pods_) return nullptr;
    auto& pod = pods_[context.pod_number];
    pod = std::make_unique<Pod>();
    pod->usage.pod = context.pod;
    pod->usage.pod_uid = context.pod_uid;
    return pod.get();
}

bool UsageRecorder::Pod::has_open_walk(base::TimePoint now) const {
    return last_step && now - *last_step < kLongestStep;
}

bool UsageRecorder::is_open(const Pod& pod, base::TimePoint now, const Name& base, RecordType type,
                            std::size_t domains_done) {
    const auto walk = std::ranges::find(pod.walks, lookup_of(base, type), &OpenWalk::lookup);
    return walk != pod.walks.end() && walk->domains_done == domains_done &&
           now - walk->last_query < kLongestStep;
}

UsageRecorder::Step UsageRecorder::first_step_of(const SearchContext& context, const AnsweredQuery& query) {
    const auto& search = context.search;
    auto base = search.empty() ? std::nullopt : query.name.without_suffix(search.front());
    if (!base || base->is_root()) return {query.name, std::nullopt, true};
    return {*base, 0, true};
}

UsageRecorder::Step UsageRecorder::step_of(const Pod& pod, base::TimePoint now, const SearchContext& context,
                                           const AnsweredQuery& query) {
    const auto& search = context.search;
    if (!pod.has_open_walk(now)) return first_step_of(context, query);
    for (std::size_t i = search.size(); i-- > 1;) {
        auto base = query.name.without_suffix(search[i]);
        if (base && is_open(pod, now, *base, query.type, i)) return {*base, i, false};
    }
    if (!search.empty() && is_open(pod, now, query.name, query.type, search.size()))
        return {query.name, std::nullopt, false};
    auto step = first_step_of(context, query);
    // With enough dots the name itself comes first, and the search domains after it.
    step.begins = !step.domain || !is_open(pod, now, step.base, query.type, 0);
    return step;
}

void UsageRecorder::follow(Pod& pod, base::TimePoint now, const SearchContext& context,
                           const AnsweredQuery& query, const Step& step) {
    const bool goes_on =
        (step.domain || step.begins) && !query.found && (step.domain || dots_of(step.base) >= context.ndots);
    if (!goes_on && !pod.has_open_walk(now)) return;
    const auto lookup = lookup_of(step.base, query.type);
    auto walk = std::ranges::find(pod.walks, lookup, &OpenWalk::lookup);
    if (!goes_on) {
        if (walk != pod.walks.end()) *walk = {};
        return;
    }
    if (walk == pod.walks.end()) walk = std::ranges::min_element(pod.walks, {}, &OpenWalk::last_query);
    *walk = {lookup, step.domain ? *step.domain + 1 : 0, now};
    pod.last_step = now;
}

void UsageRecorder::record(base::TimePoint now, const SearchContext& context, const AnsweredQuery& query) {
    const std::scoped_lock lock{mutex_};
    auto* const pod = pod_of(context);
    if (pod == nullptr) return;
    auto& usage = pod->usage;
    usage.ndots = context.ndots;
    const auto step = step_of(*pod, now, context, query);
    const std::uint64_t spared = context.search.size();
    ++usage.queries;
    if (step.begins) ++usage.lookups;
    if (query.would_collapse) ++usage.would_collapse, usage.avoidable += spared;
    if (query.collapsed) {
        ++usage.collapsed;
        usage.avoided += spared;
        return;
    }
    follow(*pod, now, context, query, step);
    if (!step.domain) return;
    if (query.found) {
        usage.most_dots_found = std::max(usage.most_dots_found, std::optional(dots_of(step.base)));
        if (*step.domain > 0) usage.wasted_names.set_found_in_domain(step.base);
        return;
    }
    ++usage.wasted;
    usage.wasted_names.add(step.base);
}

void UsageRecorder::record_would_collapse(const SearchContext& context, unsigned queries) {
    const std::scoped_lock lock{mutex_};
    auto* const pod = pod_of(context);
    if (pod == nullptr) return;
    pod->usage.would_collapse += queries;
    pod->usage.avoidable += std::uint64_t{queries} * context.search.size();
}

void UsageRecorder::keep_only(const absl::flat_hash_set<std::uint64_t>& pods) {
    const std::scoped_lock lock{mutex_};
    absl::erase_if(pods_, [&](const auto& each) { return !pods.contains(each.first); });
}

std::vector<PodUsage> UsageRecorder::usages() const {
    const std::scoped_lock lock{mutex_};
    std::vector<PodUsage> usages;
    usages.reserve(pods_.size());
    for (const auto& [number, pod] : pods_)
        usages.push_back(pod->usage);
    return usages;
}

}  // namespace fairlead::dns
