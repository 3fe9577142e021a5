#pragma once

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

/// Whether `text` is `lowered` but for letter case.
constexpr bool equals_lowered(std::string_view text, std::string_view lowered) {
    if (text.size() != lowered.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (lower_case(text[i]) != lowered[i]) return false;
    return true;
}

}  // namespace fairlead::dns
