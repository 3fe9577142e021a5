#include "dns/cache_shard.h"

#include <algorithm>
#include <utility>

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
constexpr std::size_t kSlot = 16;

std::size_t cost_of(const ReplyBody& body, const CacheKey& key, std::size_t entry_size) {
    const std::size_t reply = sizeof(ReplyBody) + body.bytes.capacity() +
                              body.records.capacity() * sizeof(ReplyBody::RecordPlace) + sizeof(CachedReply);
    constexpr std::size_t kBlocks = 6;  // entry, key, two shared objects, two vectors
    return entry_size + key.bytes().size() + reply + kBlocks * kBlockOverhead + kSlot;
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
    entry.visits = static_cast<std::uint8_t>(std::min(entry.visits + 1, int{kMostVisits}));
    ++entry.hits;
    CacheHit hit{entry.reply, Freshness::kFresh, false};
    if (now < entry.reply->expires) {
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

bool CacheShard::due_for_prefetch(const Entry& entry, base::TimePoint now) const {
    if (bounds_.prefetch_hits == 0 || entry.hits < bounds_.prefetch_hits || is_failure(*entry.reply->body))
        return false;
    const auto lifetime = entry.reply->expires - entry.reply->stored;
    constexpr base::Duration kLeast = std::chrono::seconds(1);
    return entry.reply->expires - now <= std::max(kLeast, lifetime * bounds_.prefetch_percent / 100);
}

void CacheShard::store(base::TimePoint now, const CacheKey& key, std::shared_ptr<const ReplyBody> body,
                       std::chrono::seconds lifetime) {
    if (lifetime <= std::chrono::seconds(0) || body->truncated) return;
    const bool failure = is_failure(*body);
    auto entry = std::make_unique<Entry>();
    entry->cost = cost_of(*body, key, sizeof(Entry));
    entry->hash = key.hash();
    entry->key = key.bytes();
    entry->keep_until = now + lifetime + (failure ? std::chrono::seconds(0) : bounds_.stale_for);
    entry->reply = std::make_shared<const CachedReply>(CachedReply{std::move(body), now, now + lifetime});

    std::vector<std::unique_ptr<Entry>> removed;  // freed after the lock
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
    if (old == entries_.end() || (*old)->keep_until <= now || is_failure(*(*old)->reply->body)) return false;
    (*old)->upstreams_failed = true;
    (*old)->next_refresh = now + bounds_.stale_recheck;
    return true;
}

void CacheShard::insert(std::unique_ptr<Entry> entry) {
    entry->older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = entry.get();
    newest_ = entry.get();
    stats_.bytes += entry->cost;
    ++stats_.entries;
    entries_.insert(std::move(entry));
}

std::unique_ptr<CacheShard::Entry> CacheShard::take_out(Entries::iterator where) {
    auto entry = std::move(entries_.extract(where).value());
    (entry->newer == nullptr ? newest_ : entry->newer->older) = entry->older;
    (entry->older == nullptr ? oldest_ : entry->older->newer) = entry->newer;
    if (hand_ == entry.get()) hand_ = entry->newer;
    stats_.bytes -= entry->cost;
    --stats_.entries;
    return entry;
}

std::unique_ptr<CacheShard::Entry> CacheShard::evict_one(base::TimePoint now) {
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
    stats.entries += stats_.entries;
    stats.bytes += stats_.bytes;
    stats.hits += stats_.hits;
    stats.stale_hits += stats_.stale_hits;
    stats.misses += stats_.misses;
    stats.refreshes += stats_.refreshes;
    stats.stored += stats_.stored;
    stats.evictions += stats_.evictions;
    stats.too_large += stats_.too_large;
}

}  // namespace fairlead::dns
