#include "dns/cache.h"

#include <bit>
#include <utility>

#include "dns/cache_shard.h"

namespace fairlead::dns {

namespace {

/// Enough that a handful of workers rarely meet at a lock.
constexpr std::size_t kMostShards = 64;
/// A shard should hold hundreds of replies, or the order of eviction means little.
constexpr std::size_t kLeastShardBytes = 256 * std::size_t{1024};

std::size_t shard_count(std::size_t max_bytes) {
    return std::bit_floor(std::clamp<std::size_t>(max_bytes / kLeastShardBytes, 1, kMostShards));
}

}  // namespace

Cache::Cache(const CacheBounds& bounds) {
    const std::size_t count = shard_count(bounds.max_bytes);
    for (std::size_t i = 0; i < count; ++i)
        shards_.push_back(std::make_unique<CacheShard>(bounds, bounds.max_bytes / count));
}

Cache::~Cache() = default;

CacheShard& Cache::shard_of(const CacheKey& key) const {
    // The hash table inside takes the lower bits.
    constexpr unsigned kShift = 48;
    return *shards_[(key.hash() >> kShift) & (shards_.size() - 1)];
}

CacheHit Cache::find(base::TimePoint now, const CacheKey& key) {
    return shard_of(key).find(now, key);
}

void Cache::store(base::TimePoint now, const CacheKey& key, std::shared_ptr<const ReplyBody> body,
                  std::chrono::seconds lifetime) {
    shard_of(key).store(now, key, std::move(body), lifetime);
}

void Cache::clear() {
    for (const auto& shard : shards_)
        shard->clear();
}

CacheStats Cache::stats() const {
    CacheStats stats;
    for (const auto& shard : shards_)
        shard->add_to(stats);
    return stats;
}

}  // namespace fairlead::dns
