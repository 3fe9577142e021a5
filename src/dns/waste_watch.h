#pragma once

#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "dns/usage.h"

namespace fairlead::dns {

/// When a pod's waste is worth a word.
struct WasteLimits {
    std::uint32_t factor = 0;  ///< queries for each lookup, at least; 0: never
    std::uint32_t rate = 10;   ///< queries a second, at least
    base::Duration window = std::chrono::minutes(5);

    friend bool operator==(const WasteLimits&, const WasteLimits&) = default;
};

/// A pod that wastes queries.
struct Waste {
    kube::ObjectKey pod;
    std::string pod_uid;
    std::string note;  ///< for people: how much, on which name, and what helps
};

/// Tells of pods that waste queries all through a window. Of one pod it tells again after kFirstPause, and
/// after twice as long each time; a pod that has not wasted for as long as it was not to be told of begins
/// anew. Pure.
class WasteWatch {
  public:
    static constexpr base::Duration kFirstPause = std::chrono::hours(1);
    static constexpr base::Duration kLongestPause = std::chrono::hours(24);

    explicit WasteWatch(const WasteLimits& limits) : limits_(limits) {}

    /// Whether look() is due.
    [[nodiscard]] bool is_due(base::TimePoint now) const { return limits_.factor > 0 && now >= next_look_; }
    /// `usages`: of each pod of the node, since whenever. Whose waste is to be told of.
    std::vector<Waste> look(base::TimePoint now, std::span<const PodUsage> usages);

  private:
    struct Pod {
        std::uint64_t queries = 0;
        std::uint64_t lookups = 0;
        std::uint64_t wasted = 0;
        base::Duration pause = kFirstPause;           // after the next time
        std::optional<base::TimePoint> silent_until;  // since it was told of last
    };

    [[nodiscard]] std::optional<Waste> judge(base::Duration since, const Pod& before,
                                             const PodUsage& usage) const;
    static bool may_tell(base::TimePoint now, Pod& pod);

    const WasteLimits limits_;
    base::TimePoint next_look_{};
    std::optional<base::TimePoint> last_look_;
    absl::flat_hash_map<std::string, Pod> pods_;  // by uid and key
};

}  // namespace fairlead::dns
