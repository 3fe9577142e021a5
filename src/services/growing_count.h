#pragma once

#include <cstdint>

namespace fairlead::services {

/// A counter of the kernel that begins anew when its rule is made anew, as one that never goes back.
class GrowingCount {
  public:
    /// What was added since the last reading. `life`: another one each time that we make the rule; when
    /// others do, a smaller reading tells. What was counted between the last reading and a new beginning is
    /// lost.
    std::uint64_t take(std::uint64_t reading, std::uint64_t life) {
        const bool same = life == life_ && reading >= last_;
        const auto before = same ? last_ : 0;
        last_ = reading;
        life_ = life;
        return reading - before;
    }

  private:
    std::uint64_t last_ = 0;
    std::uint64_t life_ = 0;
};

}  // namespace fairlead::services
