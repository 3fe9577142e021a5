#include "dns/waste_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::dns {

namespace {

/// What a pod asked in a window.
struct Asked {
    double queries = 0;
    double lookups = 0;
    double wasted = 0;
};

double seconds(base::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string note_of(const Asked& asked, base::Duration since, const PodUsage& usage) {
    auto note = fmt::format(
        "asks {:.0f} DNS queries a second, {:.1f} for each name that it looks up, of which {:.0f} % find "
        "nothing in a search domain",
        asked.queries / seconds(since), asked.queries / asked.lookups, 100 * asked.wasted / asked.queries);
    if (const auto names = usage.wasted_names.entries(); !names.empty())
        note += fmt::format(", most of them {}", names.front().name.to_string());
    auto lately = usage;
    lately.queries = static_cast<std::uint64_t>(asked.queries);
    lately.wasted = static_cast<std::uint64_t>(asked.wasted);
    const auto cure = cure_of(lately);
    return cure.empty() ? note : note + "; " + cure;
}

}  // namespace

std::optional<Waste> WasteWatch::judge(base::Duration since, const Pod& before, const PodUsage& usage) const {
    // A pod that was let go of and is back begins at 0.
    const bool begins_anew = usage.queries < before.queries;
    const auto asked_since = [&](std::uint64_t now, std::uint64_t then) {
        return static_cast<double>(begins_anew ? now : now - std::min(now, then));
    };
    Asked asked{asked_since(usage.queries, before.queries), asked_since(usage.lookups, before.lookups),
                asked_since(usage.wasted, before.wasted)};
    asked.lookups = std::max(asked.lookups, 1.0);
    if (asked.queries < limits_.rate * seconds(since) || asked.queries < limits_.factor * asked.lookups)
        return std::nullopt;
    return Waste{usage.pod, usage.pod_uid, note_of(asked, since, usage)};
}

bool WasteWatch::may_tell(base::TimePoint now, Pod& pod) {
    if (pod.silent_until && now < *pod.silent_until) return false;
    const bool was_good = pod.silent_until && now - *pod.silent_until >= pod.pause;
    const auto pause = was_good ? kFirstPause : pod.pause;
    pod.silent_until = now + pause;
    pod.pause = std::min(2 * pause, kLongestPause);
    return true;
}

std::vector<Waste> WasteWatch::look(base::TimePoint now, std::span<const PodUsage> usages) {
    next_look_ = now + limits_.window;
    const auto since = last_look_ ? now - *last_look_ : base::Duration::zero();
    last_look_ = now;
    std::vector<Waste> wastes;
    auto before = std::exchange(pods_, {});
    for (const auto& usage : usages) {
        const auto name = usage.pod_uid + "/" + usage.pod.to_string();
        auto& pod = pods_[name];
        if (const auto known = before.find(name); known != before.end()) pod = known->second;
        auto waste = since > base::Duration::zero() ? judge(since, pod, usage) : std::nullopt;
        if (waste && may_tell(now, pod)) wastes.push_back(*std::move(waste));
        pod.queries = usage.queries;
        pod.lookups = usage.lookups;
        pod.wasted = usage.wasted;
    }
    return wastes;
}

}  // namespace fairlead::dns
