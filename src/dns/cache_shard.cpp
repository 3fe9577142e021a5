#include "dns/cache_shard.h"

#include <algorithm>
#include <utility>

#include "base/counts.h"

namespace fairlead::dns {

namespace {

constexpr std::uint8_t kMostVisits = 3;
/// A part of a shard; a longer reply would cost too many others.
constexpr std::size_t kLargestShare = 4;
/// As long as the one who was told to refresh may take.
constexpr base::Duration kRefreshLease = std::chrono::seconds(5);

/// What the heap takes besides the bytes that were asked for, per block.
constexpr std::size_t kBlockOverhead = 16;
/// A slot of the hash table with its control byte, at the fill between its growths.
constexpr std::size_t kSlot = 32;

/// Of an absl::InlinedVector, what does not lie inside.
std::size_t outside_bytes(const auto& vector, std::size_t inside) {
    return vector.capacity() <= inside ? 0 : vector.capacity() * sizeof(vector[0]) + kBlockOverhead;
}

bool is_failure(const ReplyBody& body) {
    return body.code != ResponseCode::kNoError && body.code != ResponseCode::kNxDomain;
}

}  // namespace

CacheHit CacheShard::find(base::TimePoint now, const CacheKey& key) {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(key);
    if (found == entries_.end() || (*found)->keep_until <= now) {
        ++stats_.misses;
        return {};
    }
    Entry& entry = **found;
    __builtin_prefetch(entry.reply.body.get());  // what the caller reads next
    entry.visits = static_cast<std::uint8_t>(std::min(entry.visits + 1, int{kMostVisits}));
    ++entry.hits;
    CacheHit hit{{*found, &entry.reply}, Freshness::kFresh, false};
    if (now < entry.reply.expires) {
        ++stats_.hits;
        hit.refresh = due_for_prefetch(entry, now) && now >= entry.next_refresh;
    } else {
        ++stats_.stale_hits;
        hit.freshness = entry.upstreams_failed ? Freshness::kStaleUpstreamsFailed : Freshness::kStale;
        hit.refresh = entry.upstreams_failed && now >= entry.next_refresh;
    }
    if (hit.refresh) {
        ++stats_.refreshes;
        entry.next_refresh = now + kRefreshLease;
    }
    return hit;
}

std::size_t CacheShard::cost_of(const Entry& entry) {
    constexpr std::size_t kUseCount = 16;  // of an object that is shared
    const ReplyBody& body = *entry.reply.body;
    return sizeof(Entry) + sizeof(ReplyBody) + 2 * (kUseCount + kBlockOverhead) + kSlot +
           outside_bytes(entry.key, kUsualKeySize) + outside_bytes(body.bytes, ReplyBody::kUsualBytes) +
           outside_bytes(body.records, ReplyBody::kUsualRecords);
}

bool CacheShard::due_for_prefetch(const Entry& entry, base::TimePoint now) const {
    if (bounds_.prefetch_hits == 0 || entry.hits < bounds_.prefetch_hits) return false;
    const auto& reply = entry.reply;
    constexpr base::Duration kLeast = std::chrono::seconds(1);
    const auto last_part = (reply.expires - reply.stored) * bounds_.prefetch_percent / 100;
    // The body is looked at last: most likely it is not in the caches of this processor.
    return reply.expires - now <= std::max(kLeast, last_part) && !is_failure(*reply.body);
}

void CacheShard::store(base::TimePoint now, const CacheKey& key, std::shared_ptr<const ReplyBody> body,
                       std::chrono::seconds lifetime) {
    if (lifetime <= std::chrono::seconds(0) || body->truncated) return;
    const bool failure = is_failure(*body);
    const auto bytes = key.bytes();
    auto entry = std::make_shared<Entry>();
    entry->key.assign(bytes.begin(), bytes.end());
    entry->reply = {std::move(body), now, now + lifetime};
    entry->keep_until = now + lifetime + (failure ? std::chrono::seconds(0) : bounds_.stale_for);
    entry->cost = cost_of(*entry);
    entry->hash = key.hash();

    std::vector<EntryPointer> removed;  // freed after the lock
    const std::lock_guard lock{mutex_};
    if (failure && keeps_older_answer(now, key)) return;
    if (entry->cost > max_bytes_ / kLargestShare) {
        ++stats_.too_large;
        return;
    }
    if (const auto old = entries_.find(key); old != entries_.end()) {
        entry->visits = (*old)->visits;
        removed.push_back(take_out(old));
    }
    while (stats_.bytes + entry->cost > max_bytes_)
        removed.push_back(evict_one(now));
    ++stats_.stored;
    insert(std::move(entry));
}

bool CacheShard::keeps_older_answer(base::TimePoint now, const CacheKey& key) {
    const auto old = entries_.find(key);
    if (old == entries_.end() || (*old)->keep_until <= now || is_failure(*(*old)->reply.body)) return false;
    (*old)->upstreams_failed = true;
    (*old)->next_refresh = now + bounds_.stale_recheck;
    return true;
}

void CacheShard::insert(EntryPointer entry) {
    entry->older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = entry.get();
    newest_ = entry.get();
    stats_.bytes += entry->cost;
    ++stats_.entries;
    entries_.insert(std::move(entry));
}

CacheShard::EntryPointer CacheShard::take_out(Entries::iterator where) {
    auto entry = std::move(entries_.extract(where).value());
    (entry->newer == nullptr ? newest_ : entry->newer->older) = entry->older;
    (entry->older == nullptr ? oldest_ : entry->older->newer) = entry->newer;
    if (hand_ == entry.get()) hand_ = entry->newer;
    stats_.bytes -= entry->cost;
    --stats_.entries;
    return entry;
}

CacheShard::EntryPointer CacheShard::evict_one(base::TimePoint now) {
    if (hand_ == nullptr) hand_ = oldest_;
    while (hand_->visits > 0 && hand_->keep_until > now) {
        --hand_->visits;
        hand_ = hand_->newer == nullptr ? oldest_ : hand_->newer;
    }
    if (hand_->keep_until > now) ++stats_.evictions;
    return take_out(entries_.find(static_cast<const Entry*>(hand_)));
}

void CacheShard::clear() {
    Entries removed;
    const std::lock_guard lock{mutex_};
    removed.swap(entries_);
    newest_ = oldest_ = hand_ = nullptr;
    stats_.entries = stats_.bytes = 0;
}

void CacheShard::add_to(CacheStats& stats) const {
    const std::lock_guard lock{mutex_};
    base::add_counts(stats, stats_);
}

}  // namespace fairlead::dns
