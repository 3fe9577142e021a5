#include "dns/secure_random.h"

#include <bit>

namespace fairlead::dns {

namespace {

using Words = std::array<std::uint32_t, 16>;

/// RFC 8439, section 2.1.
void quarter_round(Words& words, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    const auto step = [&](std::size_t sum, std::size_t term, std::size_t mixed, int bits) {
        words.at(sum) += words.at(term);
        words.at(mixed) = std::rotl(words.at(mixed) ^ words.at(sum), bits);
    };
    step(a, b, d, 16);
    step(c, d, b, 12);
    step(a, b, d, 8);
    step(c, d, b, 7);
}

}  // namespace

SecureRandom::SecureRandom(const Key& key) : state_{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574} {
    constexpr std::size_t kFirstKeyWord = 4;
    for (std::size_t i = 0; i < key.size(); ++i)
        state_.at(kFirstKeyWord + i / 4) |= std::uint32_t{key.at(i)} << (8 * (i % 4));
}

SecureRandom::result_type SecureRandom::operator()() {
    if (used_ == kWords) next_block();
    const std::uint64_t low = block_.at(used_++);
    return low | std::uint64_t{block_.at(used_++)} << 32U;
}

void SecureRandom::next_block() {
    block_ = state_;
    constexpr int kDoubleRounds = 10;
    for (int i = 0; i < kDoubleRounds; ++i) {
        for (std::size_t column = 0; column < 4; ++column)
            quarter_round(block_, column, column + 4, column + 8, column + 12);
        for (std::size_t diagonal = 0; diagonal < 4; ++diagonal)
            quarter_round(block_, diagonal, (diagonal + 1) % 4 + 4, (diagonal + 2) % 4 + 8,
                          (diagonal + 3) % 4 + 12);
    }
    for (std::size_t i = 0; i < kWords; ++i)
        block_.at(i) += state_.at(i);
    // A counter of 64 bits, so that it never comes round; the nonce is zero, each generator has a key of its
    // own.
    constexpr std::size_t kCounter = 12;
    if (++state_.at(kCounter) == 0) ++state_.at(kCounter + 1);
    used_ = 0;
}

}  // namespace fairlead::dns
