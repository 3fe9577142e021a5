#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "conntrack/flow_count.h"

namespace fairlead::conntrack {

/// Counts flows by key (an address, say) in bounded memory, however many keys there are: the rarest are
/// forgotten when there is no room for more (lossy counting, Manku and Motwani 2002, with rounds as long as
/// the room lasts). Keys with many flows are never forgotten, and each says how many of its flows may be
/// missing.
template <class Key>
class LossyCounter {
  public:
    struct Counted {
        FlowCount count;
        std::uint32_t missed = 0;  ///< at most so many of its flows came before it was counted
    };
    using Entries = absl::flat_hash_map<Key, Counted>;

    /// `most_kept` keys are held at a time, 2 at least.
    explicit LossyCounter(std::size_t most_kept) : most_kept_(most_kept) {}

    void add(const Key& key, const FlowCount& count) {
        auto [entry, fresh] = entries_.try_emplace(key, Counted{{}, most_missed_});
        if (fresh && entries_.size() > most_kept_) {
            entries_.erase(entry);
            forget_rarest();
            entry = entries_.try_emplace(key, Counted{{}, most_missed_}).first;
        }
        entry->second.count += count;
    }

    /// Those that were not forgotten.
    [[nodiscard]] const Entries& entries() const { return entries_; }
    /// The most flows that a key may have that is not among entries(); 0: all are there, and exact.
    [[nodiscard]] std::uint32_t most_missed() const { return most_missed_; }

  private:
    /// Half of them at least, so that this happens seldom.
    void forget_rarest() {
        std::vector<std::uint32_t> flows;
        flows.reserve(entries_.size());
        for (const auto& [key, counted] : entries_)
            flows.push_back(counted.count.flows);
        const auto middle = flows.begin() + static_cast<std::ptrdiff_t>(flows.size() / 2);
        std::ranges::nth_element(flows, middle);
        const auto most_forgotten = *middle;
        absl::erase_if(entries_,
                       [&](const auto& entry) { return entry.second.count.flows <= most_forgotten; });
        most_missed_ += most_forgotten;
    }

    std::size_t most_kept_;
    Entries entries_;
    std::uint32_t most_missed_ = 0;
};

}  // namespace fairlead::conntrack
