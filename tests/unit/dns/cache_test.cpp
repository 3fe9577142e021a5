#include "dns/cache.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;

const base::TimePoint kCacheStart{1h};

CacheKey key_of(const std::string& name, RecordType type = RecordType::kA) {
    return CacheKey{{*Name::parse(name), type, false, false}};
}

/// A reply that answers with `size` bytes; only its code and its size count here.
std::shared_ptr<const ReplyBody> reply(ResponseCode code = ResponseCode::kNoError, std::size_t size = 40) {
    auto body = std::make_shared<ReplyBody>();
    body->code = code;
    body->bytes.resize(size);
    return body;
}

CacheBounds small(std::size_t max_bytes = 64 * std::size_t{1024}) {
    CacheBounds bounds;
    bounds.max_bytes = max_bytes;
    return bounds;
}

TEST(CacheKey, NamesDifferByMoreThanTheirCase) {
    const auto key = [](const char* name, RecordType type, bool dnssec_ok, bool checking_disabled) {
        return CacheKey{{*Name::parse(name), type, dnssec_ok, checking_disabled}};
    };
    const CacheKey base = key("www.example.com", RecordType::kA, false, false);
    EXPECT_EQ(base, key("WWW.Example.COM", RecordType::kA, false, false));
    EXPECT_EQ(base.hash(), key("WWW.Example.COM", RecordType::kA, false, false).hash());
    EXPECT_NE(base, key("www.example.org", RecordType::kA, false, false));
    EXPECT_NE(base, key("www.example.com", RecordType::kAaaa, false, false));
    EXPECT_NE(base, key("www.example.com", RecordType::kA, true, false));
    EXPECT_NE(base, key("www.example.com", RecordType::kA, false, true));
    EXPECT_NE(key("a\\@b", RecordType::kA, false, false), key("a`b", RecordType::kA, false, false));
}

TEST(Cache, AReplyIsFreshUntilItsEnd) {
    Cache cache{small()};
    EXPECT_EQ(cache.find(kCacheStart, key_of("a")).reply, nullptr);
    const auto body = reply();
    cache.store(kCacheStart, key_of("a"), body, 60s);
    const CacheHit hit = cache.find(kCacheStart + 59s, key_of("A"));
    ASSERT_NE(hit.reply, nullptr);
    EXPECT_EQ(hit.reply->body, body);
    EXPECT_EQ(hit.reply->age_s(kCacheStart + 59s), 59U);
    EXPECT_EQ(hit.freshness, Freshness::kFresh);
    EXPECT_EQ(cache.find(kCacheStart + 60s, key_of("a")).freshness, Freshness::kStale);
    EXPECT_EQ(cache.stats().hits, 1U);
    EXPECT_EQ(cache.stats().stale_hits, 1U);
    EXPECT_EQ(cache.stats().misses, 1U);
}

TEST(Cache, AnExpiredReplyIsStaleForAnHourAndThenGone) {
    Cache cache{small()};
    cache.store(kCacheStart, key_of("a"), reply(), 60s);
    EXPECT_EQ(cache.find(kCacheStart + 60s + 1h - 1s, key_of("a")).freshness, Freshness::kStale);
    EXPECT_EQ(cache.find(kCacheStart + 60s + 1h, key_of("a")).reply, nullptr);
}

TEST(Cache, WithoutServingStaleAnExpiredReplyIsGone) {
    CacheBounds bounds = small();
    bounds.stale_for = 0s;
    Cache cache{bounds};
    cache.store(kCacheStart, key_of("a"), reply(), 60s);
    EXPECT_EQ(cache.find(kCacheStart + 60s, key_of("a")).reply, nullptr);
}

TEST(Cache, WhatMustNotBeCachedIsNot) {
    Cache cache{small()};
    cache.store(kCacheStart, key_of("a"), reply(), 0s);
    auto truncated = std::make_shared<ReplyBody>(*reply());
    truncated->truncated = true;
    cache.store(kCacheStart, key_of("a"), truncated, 60s);
    EXPECT_EQ(cache.find(kCacheStart, key_of("a")).reply, nullptr);
}

TEST(Cache, AFailureIsNeverServedStale) {
    Cache cache{small()};
    cache.store(kCacheStart, key_of("a"), reply(ResponseCode::kServFail), 5s);
    EXPECT_NE(cache.find(kCacheStart + 4s, key_of("a")).reply, nullptr);
    EXPECT_EQ(cache.find(kCacheStart + 5s, key_of("a")).reply, nullptr);
}

TEST(Cache, AFailureLeavesAStaleAnswerInItsPlaceToBeServedAtOnce) {
    Cache cache{small()};
    const auto good = reply();
    cache.store(kCacheStart, key_of("a"), good, 60s);
    cache.store(kCacheStart + 61s, key_of("a"), reply(ResponseCode::kServFail), 5s);
    const CacheHit hit = cache.find(kCacheStart + 62s, key_of("a"));
    EXPECT_EQ(hit.reply->body, good);
    EXPECT_EQ(hit.freshness, Freshness::kStaleUpstreamsFailed);
    EXPECT_FALSE(hit.refresh) << "upstreams have failed a second ago";
}

TEST(Cache, AfterAFailureOneCallerTriesAgainEachThirtySeconds) {
    Cache cache{small()};
    cache.store(kCacheStart, key_of("a"), reply(), 60s);
    cache.store(kCacheStart + 61s, key_of("a"), reply(ResponseCode::kServFail), 5s);
    const auto retry = kCacheStart + 61s + 30s;
    EXPECT_FALSE(cache.find(retry - 1s, key_of("a")).refresh);
    EXPECT_TRUE(cache.find(retry, key_of("a")).refresh);
    EXPECT_FALSE(cache.find(retry, key_of("a")).refresh);
    EXPECT_TRUE(cache.find(retry + 5s, key_of("a")).refresh) << "the one who was told never came back";
    cache.store(retry + 6s, key_of("a"), reply(), 60s);
    const CacheHit hit = cache.find(retry + 7s, key_of("a"));
    EXPECT_EQ(hit.freshness, Freshness::kFresh);
    EXPECT_FALSE(hit.refresh);
}

TEST(Cache, ANewAnswerReplacesAFailureAndTheOtherWayRoundWhenNothingIsLeft) {
    Cache cache{small()};
    cache.store(kCacheStart, key_of("a"), reply(ResponseCode::kServFail), 5s);
    cache.store(kCacheStart, key_of("a"), reply(ResponseCode::kNxDomain), 10s);
    EXPECT_EQ(cache.find(kCacheStart, key_of("a")).reply->body->code, ResponseCode::kNxDomain);
    const auto long_after = kCacheStart + 2h;
    cache.store(long_after, key_of("a"), reply(ResponseCode::kServFail), 5s);
    EXPECT_EQ(cache.find(long_after, key_of("a")).reply->body->code, ResponseCode::kServFail);
}

TEST(Cache, APopularEntryNearItsEndIsRefreshedByOneCaller) {
    Cache cache{small()};
    cache.store(kCacheStart, key_of("hot"), reply(), 100s);
    cache.store(kCacheStart, key_of("cold"), reply(), 100s);
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(cache.find(kCacheStart + 80s, key_of("hot")).refresh);
    EXPECT_TRUE(cache.find(kCacheStart + 90s, key_of("hot")).refresh);
    EXPECT_FALSE(cache.find(kCacheStart + 91s, key_of("hot")).refresh);
    EXPECT_FALSE(cache.find(kCacheStart + 91s, key_of("cold")).refresh);
    EXPECT_EQ(cache.stats().refreshes, 1U);
}

TEST(Cache, PrefetchCanBeSwitchedOff) {
    CacheBounds bounds = small();
    bounds.prefetch_hits = 0;
    Cache cache{bounds};
    cache.store(kCacheStart, key_of("hot"), reply(), 100s);
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(cache.find(kCacheStart + 99s, key_of("hot")).refresh);
}

TEST(Cache, ItsBytesAreBounded) {
    const std::size_t most = 64 * std::size_t{1024};
    Cache cache{small(most)};
    base::Random random{1};
    for (int i = 0; i < 5000; ++i) {
        cache.store(kCacheStart, key_of("n" + std::to_string(random.below(3000))),
                    reply(ResponseCode::kNoError, random.below(900)), 60s);
        ASSERT_LE(cache.stats().bytes, most);
    }
    EXPECT_GT(cache.stats().bytes, most / 2);
    EXPECT_GT(cache.stats().evictions, 0U);
    cache.clear();
    EXPECT_EQ(cache.stats().bytes, 0U);
    EXPECT_EQ(cache.stats().entries, 0U);
}

TEST(Cache, AReplyThatWouldThrowOutManyOthersIsNotStored) {
    Cache cache{small()};
    cache.store(kCacheStart, key_of("a"), reply(ResponseCode::kNoError, 40'000), 60s);
    EXPECT_EQ(cache.find(kCacheStart, key_of("a")).reply, nullptr);
    EXPECT_EQ(cache.stats().too_large, 1U);
}

/// Of 50 names that are asked for in turn, those that are there while `scans` other names come and go.
double hot_hits(int scans, int asks_of_each_scanned_name) {
    Cache cache{small()};
    for (int hot = 0; hot < 50; ++hot)
        cache.store(kCacheStart, key_of("hot" + std::to_string(hot)), reply(), 1h);
    int hits = 0;
    for (int scan = 0; scan < scans; ++scan) {
        const auto key = key_of("scan" + std::to_string(scan));
        cache.store(kCacheStart, key, reply(ResponseCode::kNxDomain), 1h);
        for (int i = 1; i < asks_of_each_scanned_name; ++i)
            static_cast<void>(cache.find(kCacheStart, key));
        const auto hot = key_of("hot" + std::to_string(scan % 50));
        if (cache.find(kCacheStart, hot).reply != nullptr)
            ++hits;
        else
            cache.store(kCacheStart, hot, reply(), 1h);
    }
    return static_cast<double>(hits) / scans;
}

TEST(Cache, AScanOfRandomNamesDoesNotThrowOutTheNamesInUse) {
    EXPECT_GT(hot_hits(20'000, 1), 0.999);
    EXPECT_GT(hot_hits(20'000, 2), 0.999);
}

TEST(Cache, ExpiredEntriesGoFirst) {
    CacheBounds bounds = small();
    bounds.stale_for = 0s;
    Cache cache{bounds};
    for (int i = 0; i < 50; ++i)
        cache.store(kCacheStart, key_of("short" + std::to_string(i)), reply(), 5s);
    for (int i = 0; i < 3; ++i)
        for (int n = 0; n < 50; ++n)
            static_cast<void>(cache.find(kCacheStart, key_of("short" + std::to_string(n))));
    const auto stored_before = cache.stats().entries;
    for (int i = 0; i < 100; ++i)
        cache.store(kCacheStart + 10s, key_of("long" + std::to_string(i)), reply(), 60s);
    EXPECT_EQ(cache.stats().evictions, 0U);
    EXPECT_GE(cache.stats().entries, stored_before);
}

/// The cache against a map that forgets nothing: what it gives is right, whatever is evicted.
TEST(Cache, RandomOperationsNeverGiveAWrongReply) {
    base::Random random{7};
    Cache cache{small(16 * std::size_t{1024})};
    std::map<std::string, std::pair<std::shared_ptr<const ReplyBody>, base::TimePoint>> model;
    auto now = kCacheStart;
    for (int i = 0; i < 30'000; ++i) {
        const std::string name = "n" + std::to_string(random.below(300));
        if (random.below(3) == 0) {
            const auto body = reply(ResponseCode::kNoError, random.below(200));
            const std::chrono::seconds lifetime{1 + random.below(60)};
            cache.store(now, key_of(name), body, lifetime);
            model[name] = {body, now + lifetime};
        }
        const CacheHit hit = cache.find(now, key_of(name));
        if (hit.reply != nullptr) {
            ASSERT_EQ(hit.reply->body, model.at(name).first);
            ASSERT_EQ(hit.freshness == Freshness::kFresh, now < model.at(name).second);
        }
        now += std::chrono::milliseconds(random.below(200));
    }
    EXPECT_GT(cache.stats().hits, 1000U);
    EXPECT_GT(cache.stats().evictions, 1000U);
}

/// What counts as much as what they get is what the thread and address sanitizers say.
TEST(Cache, WorkersThatFindAndStoreAtOnceGetWholeReplies) {
    constexpr std::uint64_t kNames = 60;
    Cache cache{small(16 * std::size_t{1024})};
    const auto work = [&](std::uint64_t seed) {
        base::Random random{seed};
        std::vector<CacheHit> held;  // beyond the time that the cache has them
        for (int i = 0; i < 5'000; ++i) {
            const auto number = random.below(kNames);
            const auto key = key_of("n" + std::to_string(number));
            if (random.below(4) == 0)
                cache.store(kCacheStart, key, reply(ResponseCode::kNoError, 100 + number), 60s);
            auto hit = cache.find(kCacheStart, key);
            if (hit.reply != nullptr) held.push_back(std::move(hit));
            if (held.size() < 50) continue;
            for (const auto& each : held)
                EXPECT_EQ(each.reply->expires, kCacheStart + 60s);
            EXPECT_EQ(held.back().reply->body->bytes.size(), 100 + number);
            held.clear();
        }
    };
    std::vector<std::thread> workers;
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
        workers.emplace_back(work, seed);
    for (auto& worker : workers)
        worker.join();
    EXPECT_GT(cache.stats().evictions, 100U);
    EXPECT_GT(cache.stats().hits, 1000U);
}

}  // namespace
}  // namespace fairlead::dns
