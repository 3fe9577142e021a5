#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "dns/cache_key.h"
#include "dns/dns_config.h"
#include "dns/reply.h"

namespace fairlead::dns {

class CacheShard;

/// A reply and how long it is good for.
struct CachedReply {
    std::shared_ptr<const ReplyBody> body;
    base::TimePoint stored;
    base::TimePoint expires;

    /// Whole seconds since it was stored: what is taken off its TTLs.
    [[nodiscard]] std::uint32_t age_s(base::TimePoint now) const {
        return static_cast<std::uint32_t>(
            std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(now - stored).count()));
    }
};

/// How a found reply may be used (RFC 8767).
enum class Freshness : std::uint8_t {
    kFresh,
    /// Expired: ask upstream, and answer with this one when that fails or takes longer than
    /// kStaleAnswerAfter.
    kStale,
    /// Expired, and upstreams have failed to give a new one since: answer with this one at once.
    kStaleUpstreamsFailed,
};

struct CacheHit {
    std::shared_ptr<const CachedReply> reply;  ///< nullptr: nothing usable is there
    Freshness freshness = Freshness::kFresh;
    /// The caller is to answer and to ask upstream besides: a popular entry is near its end, or another try
    /// is due after upstreams have failed. Said to one caller in five seconds.
    bool refresh = false;
};

/// What a client sees as the TTL of a stale answer (RFC 8767, section 4).
constexpr std::uint32_t kStaleTtlS = 30;
/// When a client that waits for an upstream gets the stale answer instead: RFC 8767, section 5 advises 1.8 s,
/// before stub resolvers ask again (musl does after 2.5 s).
constexpr base::Duration kStaleAnswerAfter = std::chrono::milliseconds(1800);

struct CacheStats {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t hits = 0;  ///< fresh
    std::uint64_t stale_hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t refreshes = 0;
    std::uint64_t stored = 0;
    std::uint64_t evictions = 0;  ///< for want of room, of entries that were still usable
    std::uint64_t too_large = 0;  ///< not stored

    friend bool operator==(const CacheStats&, const CacheStats&) = default;
};

/// Replies of upstreams for all workers: shards with a lock each, bounded in bytes. Thread-safe.
///
/// What goes for want of room is chosen by SIEVE (Zhang and others, NSDI 2024): entries in order of their
/// arrival and a hand that moves from the oldest to the newest, evicts who was not asked for since it last
/// came by, and spares the others. A hit only counts; nothing moves, so the lock is short. Against a scan of
/// random names it is as good as S3-FIFO without a second queue and ghosts: each name of the scan arrives in
/// front of the hand and each arrival evicts one of them, so the hand goes on among them and never gets back
/// to the names that are in use. We count up to three instead of one, so that a scan that asks for each name
/// twice does not look as useful as a hot name.
class Cache {
  public:
    explicit Cache(const CacheBounds& bounds);
    ~Cache();
    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

    /// Allocates nothing.
    [[nodiscard]] CacheHit find(base::TimePoint now, const CacheKey& key);

    /// Puts in an upstream's reply, for `lifetime` (Completed::lifetime); 0 stores nothing. A failure (any
    /// code but NOERROR and NXDOMAIN) never replaces an answer that may still be served stale; that one is
    /// then served without waiting, and upstreams are tried again after CacheBounds::stale_recheck.
    void store(base::TimePoint now, const CacheKey& key, std::shared_ptr<const ReplyBody> body,
               std::chrono::seconds lifetime);

    void clear();
    [[nodiscard]] CacheStats stats() const;

  private:
    [[nodiscard]] CacheShard& shard_of(const CacheKey& key) const;

    std::vector<std::unique_ptr<CacheShard>> shards_;  // a power of two of them
};

}  // namespace fairlead::dns
