#pragma once

#include <absl/hash/hash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "dns/snapshot.h"

namespace fairlead::dns {

/// Immutable records by key that readers find without locks while one thread changes them. A hash table of
/// buckets of one cache line, so that a search reads one line of it and one record; what does not fit into
/// its bucket is in the next one. A change puts another record in the place of the old one. Growth by one
/// record may cost as much as all of them: all buckets are made anew.
///
/// `Record::key()` is a value or view that can be hashed and compared; it is valid as long as the record.
template <class Record>
class SnapshotTable {
  public:
    using Key = decltype(std::declval<const Record&>().key());

    /// `reclaimer` outlives the table.
    explicit SnapshotTable(SnapshotReclaimer& reclaimer)
        : reclaimer_(reclaimer), buckets_(std::make_unique<Buckets>(1).release()) {}
    SnapshotTable(const SnapshotTable&) = delete;
    SnapshotTable& operator=(const SnapshotTable&) = delete;
    /// No reader may be left.
    ~SnapshotTable() {
        const std::unique_ptr<const Buckets> buckets{buckets_.load()};
        for (const auto& bucket : *buckets)
            for (const auto& record : bucket.records)
                const std::unique_ptr<const Record> owned{record.load()};
    }

    /// For readers, until their next quiescent point, and for the writer; nullptr if there is none. What is
    /// staged is not seen.
    [[nodiscard]] const Record* find(const Key& key) const { return find(key, hash_of(key)); }
    /// With the key's hash_of().
    [[nodiscard]] const Record* find(const Key& key, std::size_t hash) const {
        const auto tag = tag_of(hash);
        const auto& buckets = *buckets_.load(std::memory_order_seq_cst);
        auto at = home_of(tag, buckets);
        for (std::size_t looked = 0; looked < buckets.size(); ++looked, at = next_of(at, buckets)) {
            const auto& bucket = buckets[at];
            for (std::size_t place = 0; place < kPlaces; ++place) {
                if (bucket.tags[place].load(std::memory_order_relaxed) != tag) continue;
                const auto* const record = bucket.records[place].load(std::memory_order_seq_cst);
                if (record != nullptr && record->key() == key) return record;
            }
            if (!bucket.overflowed.load(std::memory_order_acquire)) break;
        }
        return nullptr;
    }
    static std::size_t hash_of(const Key& key) { return absl::Hash<Key>{}(key); }

    // For the writer.

    /// Adds a record, or replaces that of the same key. A key is staged once at most before commit().
    void stage(std::unique_ptr<const Record> record) {
        const auto hash = hash_of(record->key());
        const auto* const before = find(record->key(), hash);
        staged_.push_back({tag_of(hash), before, std::move(record)});
    }
    void stage_removal(const Key& key) {
        const auto hash = hash_of(key);
        if (const auto* const before = find(key, hash); before != nullptr)
            staged_.push_back({tag_of(hash), before, nullptr});
    }
    /// Shows readers what was staged, record by record.
    void commit() {
        const auto is_new = [](const Staged& staged) { return staged.before == nullptr; };
        make_room(static_cast<std::size_t>(std::ranges::count_if(staged_, is_new)));
        for (auto& staged : staged_) {
            if (staged.before == nullptr) {
                add(staged.tag, staged.after.release());
                continue;
            }
            size_ -= staged.after ? 0U : 1U;
            place_of(staged.tag, staged.before).store(staged.after.release(), std::memory_order_seq_cst);
            reclaimer_.retire(std::unique_ptr<const Record>{staged.before});
        }
        staged_.clear();
        staged_.shrink_to_fit();
    }

  private:
    static constexpr std::size_t kPlaces = 5;
    static constexpr std::size_t kMostInTwoBuckets = 7;  // on the average: few overflow then

    struct alignas(64) Bucket {
        std::array<std::atomic<std::uint32_t>, kPlaces> tags{};
        std::atomic<bool> overflowed{false};                        // a record of it may be in the next one
        std::array<std::atomic<const Record*>, kPlaces> records{};  // nullptr: the place is free
    };
    static_assert(sizeof(Bucket) == alignof(Bucket));
    using Buckets = std::vector<Bucket>;  // a power of two of them
    struct Staged {
        std::uint32_t tag = 0;
        const Record* before = nullptr;
        std::unique_ptr<const Record> after;
    };

    static std::uint32_t tag_of(std::size_t hash) { return static_cast<std::uint32_t>(hash); }
    static std::size_t home_of(std::uint32_t tag, const Buckets& buckets) {
        return tag & (buckets.size() - 1);
    }
    static std::size_t next_of(std::size_t at, const Buckets& buckets) {
        return (at + 1) & (buckets.size() - 1);
    }
    static std::size_t count_for(std::size_t records) {
        return std::bit_ceil(records * 2 / kMostInTwoBuckets + 1);
    }

    /// Neither too few buckets for the records that are there with those that come, nor far too many.
    void make_room(std::size_t added) {
        constexpr std::size_t kFarTooMany = 8;
        const auto wanted = count_for(size_ + added);
        const auto count = buckets_.load()->size();
        if (wanted > count || wanted * kFarTooMany <= count) remake(wanted);
    }

    void remake(std::size_t count) {
        auto fresh = std::make_unique<Buckets>(count);
        overflows_ = 0;
        for (const auto& bucket : *buckets_.load())
            for (std::size_t place = 0; place < kPlaces; ++place)
                if (const auto* const record = bucket.records[place].load())
                    put(*fresh, bucket.tags[place].load(), record);
        reclaimer_.retire(
            std::unique_ptr<const Buckets>{buckets_.exchange(fresh.release(), std::memory_order_seq_cst)});
    }

    /// Places that were given up stay behind buckets that overflowed: when many are, a search goes far.
    void add(std::uint32_t tag, const Record* record) {
        put(*buckets_.load(), tag, record);
        ++size_;
        if (overflows_ > buckets_.load()->size() / 2) remake(count_for(size_));
    }

    void put(Buckets& buckets, std::uint32_t tag, const Record* record) {
        for (auto at = home_of(tag, buckets);; at = next_of(at, buckets)) {
            auto& bucket = buckets[at];
            const auto free =
                std::ranges::find_if(bucket.records, [](const auto& each) { return each.load() == nullptr; });
            if (free != bucket.records.end()) {
                bucket.tags[static_cast<std::size_t>(free - bucket.records.begin())].store(tag);
                free->store(record, std::memory_order_seq_cst);
                return;
            }
            if (!bucket.overflowed.exchange(true)) ++overflows_;
        }
    }

    /// Where a record is that is there.
    std::atomic<const Record*>& place_of(std::uint32_t tag, const Record* record) {
        auto& buckets = *buckets_.load();
        for (auto at = home_of(tag, buckets);; at = next_of(at, buckets))
            for (auto& place : buckets[at].records)
                if (place.load() == record) return place;
    }

    SnapshotReclaimer& reclaimer_;
    std::atomic<Buckets*> buckets_;
    std::size_t size_ = 0;
    std::size_t overflows_ = 0;
    std::vector<Staged> staged_;
};

}  // namespace fairlead::dns
