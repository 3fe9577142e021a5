#pragma once

#include <absl/container/flat_hash_map.h>

#include <optional>
#include <set>
#include <utility>

#include "base/time.h"

namespace fairlead::dns {

/// At most one time for each key, the earliest first.
template <class Key>
class Timers {
  public:
    /// In place of the time that the key had.
    void set(const Key& key, base::TimePoint when) {
        cancel(key);
        times_.emplace(key, when);
        order_.emplace(when, key);
    }
    void cancel(const Key& key) {
        const auto found = times_.find(key);
        if (found == times_.end()) return;
        order_.erase({found->second, key});
        times_.erase(found);
    }
    [[nodiscard]] std::optional<base::TimePoint> next() const {
        return order_.empty() ? std::nullopt : std::optional{order_.begin()->first};
    }
    /// Takes out a key whose time has come.
    std::optional<Key> take_due(base::TimePoint now) {
        if (order_.empty() || order_.begin()->first > now) return std::nullopt;
        const Key key = order_.begin()->second;
        cancel(key);
        return key;
    }

  private:
    absl::flat_hash_map<Key, base::TimePoint> times_;
    std::set<std::pair<base::TimePoint, Key>> order_;
};

}  // namespace fairlead::dns
