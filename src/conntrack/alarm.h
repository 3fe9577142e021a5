#pragma once

#include "base/time.h"

namespace fairlead::conntrack {

/// Decides when a state that may come and go is worth telling: when it begins or grows worse, ever more
/// seldom while it lasts, and when it is over. What flaps is told no more often than what lasts. Pure.
class Alarm {
  public:
    enum class Word : unsigned char { kNothing, kRaise, kRemind, kClear };

    static constexpr base::Duration kFirstPause = std::chrono::minutes(10);
    static constexpr base::Duration kLongestPause = std::chrono::hours(1);
    /// After so long without it the next time is a first time.
    static constexpr base::Duration kMemory = std::chrono::hours(1);

    /// `hold`: how long it must have been milder before it counts as milder.
    explicit Alarm(base::Duration hold) : hold_(hold) {}

    /// How bad it is at `now`, 0: not at all. What is to be told: kRaise and kRemind at once when it is worse
    /// than anything that was told, and else kFirstPause after the last time, then twice that, up to
    /// kLongestPause; kClear only if it was raised.
    Word update(base::TimePoint now, unsigned severity);

    /// As it counts, with `hold`.
    [[nodiscard]] unsigned severity() const { return severity_; }

  private:
    void hold(base::TimePoint now, unsigned severity);
    Word over(base::TimePoint now);

    base::Duration hold_;
    unsigned severity_ = 0;
    base::TimePoint last_as_bad_{};
    unsigned worst_since_ = 0;
    unsigned worst_told_ = 0;
    bool raised_ = false;  // and not cleared
    base::Duration pause_ = kFirstPause;
    base::TimePoint next_{};  // before that nothing is told again
    base::TimePoint over_since_{};
};

}  // namespace fairlead::conntrack
