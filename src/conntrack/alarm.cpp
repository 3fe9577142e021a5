#include "conntrack/alarm.h"

#include <algorithm>
#include <utility>

namespace fairlead::conntrack {

Alarm::Word Alarm::update(base::TimePoint now, unsigned severity) {
    const auto before = severity_;
    hold(now, severity);
    if (severity_ == 0) return before > 0 ? over(now) : Word::kNothing;
    if (before == 0 && now - over_since_ >= kMemory) {
        worst_told_ = 0;
        pause_ = kFirstPause;
    }
    if (severity_ <= worst_told_ && now < next_) return Word::kNothing;
    worst_told_ = std::max(worst_told_, severity_);
    next_ = now + pause_;
    pause_ = std::min(2 * pause_, kLongestPause);
    return std::exchange(raised_, true) ? Word::kRemind : Word::kRaise;
}

void Alarm::hold(base::TimePoint now, unsigned severity) {
    const bool milder = severity < severity_;
    worst_since_ = milder ? std::max(worst_since_, severity) : severity;
    if (milder && now - last_as_bad_ < hold_) return;
    severity_ = std::exchange(worst_since_, 0);
    last_as_bad_ = now;
}

Alarm::Word Alarm::over(base::TimePoint now) {
    over_since_ = now;
    return std::exchange(raised_, false) ? Word::kClear : Word::kNothing;
}

}  // namespace fairlead::conntrack
