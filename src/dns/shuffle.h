#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>

namespace fairlead::dns {

/// The numbers below `count` in an order that `draw` chooses, without memory: each number is first equally
/// often, and what stands beside it changes too.
class Shuffle {
  public:
    Shuffle(std::size_t count, std::uint64_t draw) : count_(count) {
        if (count_ < 2) return;
        next_ = static_cast<std::uint32_t>(draw) % count_;
        step_ = (draw >> 32U) % (count_ - 1) + 1;
        while (std::gcd(step_, count_) != 1)
            step_ = step_ % (count_ - 1) + 1;
    }

    /// The next of the numbers; after `count` of them the first again.
    std::size_t next() {
        const auto number = next_;
        next_ = (next_ + step_) % count_;
        return static_cast<std::size_t>(number);
    }

  private:
    std::uint64_t count_;
    std::uint64_t next_ = 0;
    std::uint64_t step_ = 1;
};

}  // namespace fairlead::dns
