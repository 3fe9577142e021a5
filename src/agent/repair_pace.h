#pragma once

#include "base/time.h"

namespace fairlead::agent {

/// When to put right what somebody else changed in our tables: at once, but ever more slowly while the same
/// happens again and again. Two programs that each insist on their own way shall not keep the node busy.
class RepairPace {
  public:
    /// Changes further apart than this have nothing to do with each other.
    static constexpr base::Duration kMemory = std::chrono::seconds(10);
    static constexpr base::Duration kFirstPause = std::chrono::milliseconds(100);
    static constexpr base::Duration kLongestPause = std::chrono::seconds(5);

    /// How long to wait with a repair that is due now.
    [[nodiscard]] base::Duration pause(base::TimePoint now) const;
    /// Something had to be put right.
    void repaired(base::TimePoint now);

  private:
    base::TimePoint last_{};
    base::Duration pause_{};
    bool any_ = false;
};

}  // namespace fairlead::agent
