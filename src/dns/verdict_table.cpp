#include "dns/verdict_table.h"

#include <algorithm>

namespace fairlead::dns {

namespace {

using namespace std::chrono_literals;

/// From a walk's first query to its last, with upstreams that are slow.
constexpr base::Duration kWalkTime = 30s;
constexpr base::Duration kClearingPause = 1s;
constexpr int kMostHalvings = 12;

}  // namespace

Ruling VerdictTable::find(const Name& base) const {
    const std::scoped_lock lock{mutex_};
    const auto found = entries_.find(key_of(base));
    return found == entries_.end() ? Ruling{} : found->second.ruling;
}

Ruling VerdictTable::give(base::TimePoint asked, const Name& base, Ruling ruling) {
    const std::scoped_lock lock{mutex_};
    auto* const entry = find_or_add(ruling.given, base);
    if (entry == nullptr) return {};
    auto& ruling_now = entry->ruling;
    if (ruling_now.verdict != nullptr) {
        const bool was_faster =
            ruling_now.given > asked && ruling_now.checked_version >= ruling.checked_version;
        if (was_faster) return ruling_now;
        const bool differs = ruling_now.verdict->collapses() != ruling.verdict->collapses();
        if (differs && !may_change(*entry, asked, ruling)) return ruling_now;
    }
    entry->change_due.reset();
    ruling_now = std::move(ruling);
    return ruling_now;
}

bool VerdictTable::may_change(Entry& entry, base::TimePoint asked, const Ruling& ruling) {
    const auto now = ruling.given;
    const auto& before = entry.ruling;
    if (!ruling.verdict->collapses()) {
        // The next query is to see a change in the cluster, and what is old is not to be served for good.
        if (ruling.verdict->is_of_zone || before.verdict->is_of_zone) return true;
        if (ruling.checked_version != before.checked_version) return true;
        if (now - before.given >= before.verdict->lifetime + kClientRetryWindow) return true;
    }
    if (!entry.change_due) entry.change_due = now;
    const auto halvings =
        std::min<std::int64_t>((now - *entry.change_due) / kClientRetryWindow, kMostHalvings);
    return asked - entry.last_reply >= kClientRetryWindow / (std::int64_t{1} << halvings);
}

void VerdictTable::replied(base::TimePoint now, const Name& base, bool walks_on) {
    const std::scoped_lock lock{mutex_};
    auto* const entry = find_or_add(now, base);
    if (entry == nullptr) return;
    entry->last_reply = now;
    if (walks_on) entry->last_walk = now;
}

bool VerdictTable::may_be_walking(base::TimePoint now, const Name& base) const {
    const std::scoped_lock lock{mutex_};
    if (last_refusal_ && now - *last_refusal_ < kWalkTime) return true;
    const auto found = entries_.find(key_of(base));
    if (found == entries_.end()) return false;
    const auto& last_walk = found->second.last_walk;
    return last_walk && now - *last_walk < kWalkTime;
}

VerdictTable::Entry* VerdictTable::find_or_add(base::TimePoint now, const Name& base) {
    const auto key = key_of(base);
    if (const auto found = entries_.find(key); found != entries_.end()) return &found->second;
    if (entries_.size() >= max_names_) make_room(now);
    if (entries_.size() >= max_names_) {
        last_refusal_ = now;
        return nullptr;
    }
    return &entries_[std::string(key)];
}

void VerdictTable::make_room(base::TimePoint now) {
    if (now < next_clearing_) return;
    next_clearing_ = now + kClearingPause;
    absl::erase_if(entries_, [&](const auto& each) { return !is_needed(each.second, now); });
}

bool VerdictTable::is_needed(const Entry& entry, base::TimePoint now) {
    if (entry.last_walk && now - *entry.last_walk < kWalkTime) return true;
    return now - entry.last_reply < kClientRetryWindow;
}

}  // namespace fairlead::dns
