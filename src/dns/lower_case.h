#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::dns {

/// An ASCII letter in lower case; other bytes as they are (RFC 4343).
constexpr char lower_case(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

inline std::string lower_case(std::string_view text) {
    std::string lowered(text);
    for (auto& letter : lowered)
        letter = lower_case(letter);
    return lowered;
}

/// Eight bytes at once: 0x20 is added to those from 'A' to 'Z'.
constexpr std::uint64_t lower_word(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    const std::uint64_t low_bits = word & (0x7fU * kOnes);
    const std::uint64_t at_least_a = low_bits + (0x80U - 'A') * kOnes;
    const std::uint64_t above_z = low_bits + (0x7fU - 'Z') * kOnes;
    const std::uint64_t is_upper = at_least_a & ~above_z & ~word & (0x80U * kOnes);
    return word + (is_upper >> 2U);
}

/// Whether `text` is `lowered` but for letter case.
constexpr bool equals_lowered(std::string_view text, std::string_view lowered) {
    if (text.size() != lowered.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (lower_case(text[i]) != lowered[i]) return false;
    return true;
}

}  // namespace fairlead::dns
