#pragma once

#include <optional>

#include "base/time.h"

namespace fairlead::agent {

/// Whether what is known of this node's Pods is what they are. An address passes to another Pod within
/// seconds; who does not hear of Pods for longer knows no longer whose it is.
class PodCertainty {
  public:
    /// Without a watch for so long nothing is certain. Watches end every few minutes, and are back at once.
    static constexpr base::Duration kLongestBlindness = std::chrono::seconds(10);
    /// What a watch that is back has to tell comes within this.
    static constexpr base::Duration kCatchUp = std::chrono::seconds(2);

    /// Due every second, with Reflector::blind_since of the Pods.
    void update(base::TimePoint now, std::optional<base::TimePoint> blind_since);
    [[nodiscard]] bool is_certain() const { return certain_; }

  private:
    bool certain_ = true;
    std::optional<base::TimePoint> heard_since_;
};

}  // namespace fairlead::agent
