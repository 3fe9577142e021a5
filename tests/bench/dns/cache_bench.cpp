// The cache of upstream replies: a hit, alone and with another worker at the same time, on one name (both
// pull at one lock and one reference count) and on many; a whole answer from it; a miss; storing into a full
// cache; and how near its idea of the memory it takes is to what the heap gives. The rival is what a cache
// without order or bound could do: a hash map under one lock.

#include <absl/container/flat_hash_map.h>
#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "bench/counted_heap.h"
#include "dns/cache.h"
#include "dns/query.h"
#include "dns/record.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

constexpr std::size_t kNames = 20'000;
const base::TimePoint kNow{std::chrono::hours(1)};

Lookup lookup_of(std::size_t number) {
    return {*Name::parse("host-" + std::to_string(number) + ".department.example.com"), RecordType::kA, false,
            false};
}

std::shared_ptr<const ReplyBody> reply_to(const Lookup& lookup) {
    const auto address = *base::IpAddress::parse("192.0.2.1");
    const std::vector<Record> answer{address_record(lookup.name, 300, address),
                                     address_record(lookup.name, 300, address)};
    return std::make_shared<const ReplyBody>(make_body(lookup.name, ResponseCode::kNoError, answer));
}

const std::vector<Lookup>& lookups() {
    static const auto all = [] {
        std::vector<Lookup> made;
        for (std::size_t i = 0; i < kNames; ++i)
            made.push_back(lookup_of(i));
        return made;
    }();
    return all;
}

/// Names as clients ask for them: a few most of the time (the square of a uniform number).
std::vector<std::size_t> popular(std::uint64_t seed) {
    base::Random random{seed};
    std::vector<std::size_t> numbers(1 << 16U);
    for (auto& number : numbers) {
        const double unit = random.unit();
        number = static_cast<std::size_t>(unit * unit * unit * kNames);
    }
    return numbers;
}

Cache& full_cache() {
    static Cache cache{{}};
    static const bool filled = [] {
        for (const Lookup& lookup : lookups())
            cache.store(kNow, CacheKey{lookup}, reply_to(lookup), std::chrono::hours(1));
        return true;
    }();
    static_cast<void>(filled);
    return cache;
}

void find_many(benchmark::State& state) {
    Cache& cache = full_cache();
    const auto numbers = popular(static_cast<std::uint64_t>(state.thread_index()) + 1);
    std::size_t at = 0;
    for (auto _ : state) {
        const CacheHit hit = cache.find(kNow, CacheKey{lookups()[numbers[at++ % numbers.size()]]});
        if (hit.reply == nullptr) state.SkipWithError("a miss");
        benchmark::DoNotOptimize(hit.reply.get());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_many)->Threads(1)->Threads(2)->UseRealTime();

void find_one(benchmark::State& state) {
    Cache& cache = full_cache();
    for (auto _ : state) {
        const CacheHit hit = cache.find(kNow, CacheKey{lookups()[0]});
        benchmark::DoNotOptimize(hit.reply.get());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_one)->Threads(1)->Threads(2)->UseRealTime();

void find_missing(benchmark::State& state) {
    Cache& cache = full_cache();
    const Lookup missing{*Name::parse("nowhere.department.example.com"), RecordType::kA, false, false};
    for (auto _ : state)
        benchmark::DoNotOptimize(cache.find(kNow, CacheKey{missing}).reply.get());
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_missing)->Threads(1)->Threads(2)->UseRealTime();

/// From the packet of a question to that of the answer, `find_body` being what finds the reply.
template <class FindBody>
void answer_many(benchmark::State& state, FindBody find_body) {
    static const auto packets = [] {
        std::vector<Packet> made;
        for (const Lookup& lookup : lookups())
            made.push_back(query_packet(lookup.name, RecordType::kA, Edns{}));
        return made;
    }();
    const auto numbers = popular(static_cast<std::uint64_t>(state.thread_index()) + 1);
    std::array<std::uint8_t, kDefaultUdpPayload> out{};
    std::size_t at = 0;
    for (auto _ : state) {
        const auto parsed = parse_query(packets[numbers[at++ % numbers.size()]]);
        const auto& query = std::get<Query>(parsed);
        const auto body = find_body(CacheKey{{query.name, query.type, false, false}});
        benchmark::DoNotOptimize(
            write_reply(out, query, *body, {.limit = udp_reply_limit(query), .age_s = 3, .draw = at}));
    }
    state.SetItemsProcessed(state.iterations());
}

void answer_from_cache(benchmark::State& state) {
    Cache& cache = full_cache();
    answer_many(state, [&](const CacheKey& key) {
        auto reply = cache.find(kNow, key).reply;
        const auto* const body = reply->body.get();
        return std::shared_ptr<const ReplyBody>{std::move(reply), body};
    });
}
BENCHMARK(answer_from_cache)->Threads(1)->Threads(2)->UseRealTime();

/// The rival.
struct PlainMap {
    std::mutex mutex;
    absl::flat_hash_map<std::string, std::shared_ptr<const ReplyBody>> replies;
};

PlainMap& plain_map() {
    static PlainMap map;
    static const bool filled = [] {
        for (const Lookup& lookup : lookups())
            map.replies.emplace(CacheKey{lookup}.bytes(), reply_to(lookup));
        return true;
    }();
    static_cast<void>(filled);
    return map;
}

void plain_map_many(benchmark::State& state) {
    PlainMap& map = plain_map();
    const auto numbers = popular(static_cast<std::uint64_t>(state.thread_index()) + 1);
    std::size_t at = 0;
    for (auto _ : state) {
        const CacheKey key{lookups()[numbers[at++ % numbers.size()]]};
        const absl::string_view bytes{key.bytes().data(), key.bytes().size()};
        const std::lock_guard lock{map.mutex};
        const auto found = map.replies.find(bytes)->second;
        benchmark::DoNotOptimize(found.get());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(plain_map_many)->Threads(1)->Threads(2)->UseRealTime();

void answer_from_plain_map(benchmark::State& state) {
    PlainMap& map = plain_map();
    answer_many(state, [&](const CacheKey& key) {
        const std::lock_guard lock{map.mutex};
        return map.replies.find(absl::string_view{key.bytes().data(), key.bytes().size()})->second;
    });
}
BENCHMARK(answer_from_plain_map)->Threads(1)->Threads(2)->UseRealTime();

void store_into_full(benchmark::State& state) {
    CacheBounds bounds;
    bounds.max_bytes = std::size_t{2} << 20U;
    static Cache cache{bounds};
    std::vector<std::shared_ptr<const ReplyBody>> replies;
    for (const Lookup& lookup : lookups())
        replies.push_back(reply_to(lookup));
    std::size_t at = static_cast<std::size_t>(state.thread_index()) * kNames / 2;
    for (auto _ : state) {
        const std::size_t number = at++ % kNames;
        cache.store(kNow, CacheKey{lookups()[number]}, replies[number], std::chrono::hours(1));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(store_into_full)->Threads(1)->Threads(2)->UseRealTime();

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::exit(EXIT_FAILURE);
}

void check_memory() {
    static_cast<void>(lookups());
    const auto before = bench::heap_use().live_bytes;
    const Cache& cache = full_cache();
    const auto taken = bench::heap_use().live_bytes - before;
    const auto said = cache.stats().bytes;
    std::printf("%zu replies: the heap gave %zu bytes each, the cache counts %zu\n", kNames, taken / kNames,
                static_cast<std::size_t>(said) / kNames);
    if (said < taken) give_up("the cache takes more than it counts");
    bench::reset_heap_peak();
    const auto live = bench::heap_use().live_bytes;
    for (const Lookup& lookup : lookups())
        static_cast<void>(full_cache().find(kNow, CacheKey{lookup}));
    if (bench::heap_use().peak_bytes != live) give_up("find() allocates");
}

}  // namespace
}  // namespace fairlead::dns

int main(int argc, char** argv) {
    fairlead::dns::check_memory();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
