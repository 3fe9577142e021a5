#pragma once

#include <algorithm>

#include "base/random.h"
#include "base/time.h"

namespace fairlead::kube {

/// How long to wait before the next try: anything between 0.8 s and a limit that starts at 1.6 s and doubles
/// with each failure up to 30 s. The whole span is drawn from, so that the agents of a cluster that lost
/// their API server together do not come back together.
class BackOff {
  public:
    static constexpr base::Duration kShortest = std::chrono::milliseconds(800);
    static constexpr base::Duration kLongest = std::chrono::seconds(30);

    /// The pause after one more failure.
    base::Duration next(base::Random& random) {
        constexpr unsigned kMostDoublings = 6;  // reaches kLongest
        const auto limit =
            std::min<base::Duration>(kShortest * (2U << std::min(failures_++, kMostDoublings)), kLongest);
        return kShortest + std::chrono::duration_cast<base::Duration>((limit - kShortest) * random.unit());
    }
    void reset() { failures_ = 0; }
    /// In a row.
    [[nodiscard]] unsigned failures() const { return failures_; }

  private:
    unsigned failures_ = 0;
};

}  // namespace fairlead::kube
