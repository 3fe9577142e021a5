#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead::dns {

/// The ChaCha20 key stream (RFC 8439) as random numbers: who sees any of them cannot tell the next, as long
/// as the key is secret. For ids, letter cases and choices that a forger must not guess. Satisfies
/// std::uniform_random_bit_generator.
class SecureRandom {
  public:
    using Key = std::array<std::uint8_t, 32>;
    using result_type = std::uint64_t;

    /// `key` from the kernel (getrandom(2)), another one for each generator; a fixed one in tests.
    explicit SecureRandom(const Key& key);

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return ~result_type{0}; }

    result_type operator()();
    /// Uniform in [0, bound); `bound` above 0. Bias under 2^-32 for bounds below 2^32.
    std::uint64_t below(std::uint64_t bound) { return (*this)() % bound; }

  private:
    static constexpr std::size_t kWords = 16;

    void next_block();

    std::array<std::uint32_t, kWords> state_{};
    std::array<std::uint32_t, kWords> block_{};
    std::size_t used_ = kWords;  // words of the block
};

}  // namespace fairlead::dns
