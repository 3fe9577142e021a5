#pragma once

#include <absl/container/flat_hash_set.h>
#include <absl/container/inlined_vector.h>

#include <chrono>
#include <memory>
#include <mutex>
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
    static constexpr std::size_t kUsualKeySize = 56;

    /// What a hit looks at stands in front, beside the count of its users: one block of memory.
    struct Entry {
        absl::InlinedVector<char, kUsualKeySize> key;
        CachedReply reply;
        base::TimePoint keep_until;      // the end of being served stale
        base::TimePoint next_refresh{};  // not before: somebody is at it, or upstreams have failed
        std::uint32_t hits = 0;          // since it was stored
        std::uint8_t visits = 0;         // since the hand last came by, up to kMostVisits
        bool upstreams_failed = false;
        Entry* newer = nullptr;
        Entry* older = nullptr;
        std::size_t cost = 0;  // bytes
        std::size_t hash = 0;
    };
    using EntryPointer = std::shared_ptr<Entry>;  // shared with those who use its reply
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const EntryPointer& entry) const { return entry->hash; }
        std::size_t operator()(const Entry* entry) const { return entry->hash; }
        std::size_t operator()(const CacheKey& key) const { return key.hash(); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const EntryPointer& a, const EntryPointer& b) const { return a->key == b->key; }
        bool operator()(const EntryPointer& entry, const CacheKey& key) const {
            return std::string_view{entry->key.data(), entry->key.size()} == key.bytes();
        }
        bool operator()(const EntryPointer& a, const Entry* b) const { return a.get() == b; }
    };
    using Entries = absl::flat_hash_set<EntryPointer, Hash, Equal>;

    /// Bytes that it takes with its reply.
    static std::size_t cost_of(const Entry& entry);
    [[nodiscard]] bool due_for_prefetch(const Entry& entry, base::TimePoint now) const;
    /// Whether the failure was taken in as "upstreams have failed", because a better answer is there.
    bool keeps_older_answer(base::TimePoint now, const CacheKey& key);
    void insert(EntryPointer entry);
    EntryPointer take_out(Entries::iterator where);
    EntryPointer evict_one(base::TimePoint now);

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
