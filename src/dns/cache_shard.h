#pragma once

#include <absl/container/flat_hash_set.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dns/cache.h"

namespace fairlead::dns {

/// One lock's share of a Cache.
class CacheShard {
  public:
    CacheShard(const CacheBounds& bounds, std::size_t max_bytes) : bounds_(bounds), max_bytes_(max_bytes) {}
    ~CacheShard() { clear(); }
    CacheShard(const CacheShard&) = delete;
    CacheShard& operator=(const CacheShard&) = delete;

    CacheHit find(base::TimePoint now, const CacheKey& key);
    void store(base::TimePoint now, const CacheKey& key, std::shared_ptr<const ReplyBody> body,
               std::chrono::seconds lifetime);
    void clear();
    void add_to(CacheStats& stats) const;

  private:
    struct Entry {
        Entry* newer = nullptr;
        Entry* older = nullptr;
        std::shared_ptr<const CachedReply> reply;
        base::TimePoint keep_until;      // the end of being served stale
        base::TimePoint next_refresh{};  // not before: somebody is at it, or upstreams have failed
        bool upstreams_failed = false;
        std::uint8_t visits = 0;  // since the hand last came by, up to kMostVisits
        std::uint32_t hits = 0;   // since it was stored
        std::size_t cost = 0;     // bytes
        std::size_t hash = 0;
        std::string key;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const std::unique_ptr<Entry>& entry) const { return entry->hash; }
        std::size_t operator()(const Entry* entry) const { return entry->hash; }
        std::size_t operator()(const CacheKey& key) const { return key.hash(); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const std::unique_ptr<Entry>& a, const std::unique_ptr<Entry>& b) const {
            return a->key == b->key;
        }
        bool operator()(const std::unique_ptr<Entry>& entry, const CacheKey& key) const {
            return entry->key == key.bytes();
        }
        bool operator()(const std::unique_ptr<Entry>& a, const Entry* b) const { return a.get() == b; }
    };
    using Entries = absl::flat_hash_set<std::unique_ptr<Entry>, Hash, Equal>;

    [[nodiscard]] bool due_for_prefetch(const Entry& entry, base::TimePoint now) const;
    /// Whether the failure was taken in as "upstreams have failed", because a better answer is there.
    bool keeps_older_answer(base::TimePoint now, const CacheKey& key);
    void insert(std::unique_ptr<Entry> entry);
    std::unique_ptr<Entry> take_out(Entries::iterator where);
    std::unique_ptr<Entry> evict_one(base::TimePoint now);

    const CacheBounds bounds_;
    const std::size_t max_bytes_;
    mutable std::mutex mutex_;
    Entries entries_;
    Entry* newest_ = nullptr;
    Entry* oldest_ = nullptr;
    Entry* hand_ = nullptr;  // the next to be looked at; nullptr: the oldest
    CacheStats stats_;
};

}  // namespace fairlead::dns
