#pragma once

#include <absl/hash/hash.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "dns/snapshot.h"

namespace fairlead::dns {

/// Immutable records by key that readers find without locks while one thread changes them. The keys are
/// spread over shards, each an immutable array behind an atomic pointer: a change copies one shard, about
/// one record for every `shard_count` of them all.
///
/// `Record::key()` is a value or view that can be hashed and compared; it is valid as long as the record.
template <class Record>
class SnapshotTable {
  public:
    using Key = decltype(std::declval<const Record&>().key());

    /// `shard_count` is a power of two. `reclaimer` outlives the table.
    SnapshotTable(SnapshotReclaimer& reclaimer, std::size_t shard_count)
        : reclaimer_(reclaimer), shards_(shard_count) {}
    SnapshotTable(const SnapshotTable&) = delete;
    SnapshotTable& operator=(const SnapshotTable&) = delete;
    /// No reader may be left.
    ~SnapshotTable() {
        for (auto& shard : shards_) {
            const Owned entries{shard.load()};
            for (const auto& entry : records_of(entries.get()))
                const std::unique_ptr<const Record> owned{entry.record};
        }
    }

    /// For readers, until their next quiescent point, and for the writer; nullptr if there is none. What is
    /// staged is not seen.
    [[nodiscard]] const Record* find(const Key& key) const { return find(key, hash_of(key)); }
    /// With the key's hash_of().
    [[nodiscard]] const Record* find(const Key& key, std::size_t hash) const {
        const auto* entry = shard_of(hash).load(std::memory_order_seq_cst);
        if (entry == nullptr) return nullptr;
        for (; entry->record != nullptr; ++entry)
            if (entry->hash == hash && entry->record->key() == key) return entry->record;
        return nullptr;
    }
    static std::size_t hash_of(const Key& key) { return absl::Hash<Key>{}(key); }

    // For the writer.

    /// Adds a record, or replaces that of the same key. A key is staged once at most before commit().
    void stage(std::unique_ptr<const Record> record) {
        const auto hash = hash_of(record->key());
        const auto* const before = find(record->key(), hash);
        staged_.push_back({hash, before, std::move(record)});
    }
    void stage_removal(const Key& key) {
        const auto hash = hash_of(key);
        if (const auto* const before = find(key, hash); before != nullptr)
            staged_.push_back({hash, before, nullptr});
    }
    /// Shows readers what was staged, shard by shard.
    void commit() {
        std::ranges::sort(staged_, {}, [&](const Staged& staged) { return index_of(staged.hash); });
        for (auto rest = std::span{staged_}; !rest.empty();) {
            const auto index = index_of(rest.front().hash);
            const auto end = std::ranges::find_if(
                rest, [&](const Staged& staged) { return index_of(staged.hash) != index; });
            const auto size = static_cast<std::size_t>(end - rest.begin());
            change(shards_[index], rest.first(size));
            rest = rest.subspan(size);
        }
        staged_.clear();
        staged_.shrink_to_fit();
    }

  private:
    struct Entry {
        std::size_t hash = 0;
        const Record* record = nullptr;  // the last entry of a shard has none
    };
    using Owned = std::unique_ptr<const Entry[]>;  // NOLINT(*-avoid-c-arrays): its size is in its last entry
    using Shard = std::atomic<const Entry*>;       // nullptr: empty
    struct Staged {
        std::size_t hash = 0;
        const Record* before = nullptr;
        std::unique_ptr<const Record> after;
    };

    [[nodiscard]] std::size_t index_of(std::size_t hash) const { return hash & (shards_.size() - 1); }
    [[nodiscard]] const Shard& shard_of(std::size_t hash) const { return shards_[index_of(hash)]; }

    static std::span<const Entry> records_of(const Entry* entries) {
        std::size_t count = 0;
        while (entries != nullptr && entries[count].record != nullptr)
            ++count;
        return {entries, count};
    }

    void change(Shard& shard, std::span<Staged> staged) {
        Owned before{shard.load()};
        std::vector<Entry> entries;
        for (const auto& entry : records_of(before.get()))
            if (std::ranges::find(staged, entry.record, &Staged::before) == staged.end())
                entries.push_back(entry);
        for (auto& each : staged)
            if (each.after) entries.push_back({each.hash, each.after.release()});
        shard.store(entries.empty() ? nullptr : with_end(entries).release(), std::memory_order_seq_cst);
        if (before) reclaimer_.retire(std::move(before));
        for (const auto& each : staged)
            if (each.before != nullptr) reclaimer_.retire(std::unique_ptr<const Record>{each.before});
    }

    static Owned with_end(std::span<const Entry> entries) {
        auto copy = std::make_unique<Entry[]>(entries.size() + 1);  // NOLINT(*-avoid-c-arrays)
        std::ranges::copy(entries, copy.get());
        return copy;
    }

    SnapshotReclaimer& reclaimer_;
    std::vector<Shard> shards_;
    std::vector<Staged> staged_;
};

}  // namespace fairlead::dns
