#pragma once

#include <cstdint>
#include <limits>

namespace fairlead::base {

/// A small seeded generator (SplitMix64): the same seed gives the same numbers everywhere. Not for secrets.
/// Satisfies std::uniform_random_bit_generator.
class Random {
  public:
    using result_type = std::uint64_t;

    explicit Random(std::uint64_t seed) : state_(seed) {}

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    result_type operator()() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    /// Uniform in [0, bound); `bound` above 0. Bias under 2^-32 for bounds below 2^32.
    std::uint64_t below(std::uint64_t bound) { return (*this)() % bound; }
    /// Uniform in [0, 1).
    double unit() { return static_cast<double>((*this)() >> 11U) * 0x1.0p-53; }

  private:
    std::uint64_t state_;
};

}  // namespace fairlead::base
