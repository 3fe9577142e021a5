#include <algorithm>
#include <cctype>

#include "kube/api_access.h"

namespace fairlead::kube {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    std::string decoded;
    unsigned bits = 0;
    unsigned value = 0;
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
        const auto digit = kAlphabet.find(c);
        if (c == '=') {
            ++padding;
            continue;
        }
        if (digit == std::string_view::npos || padding > 0) return std::nullopt;
        ++digits;
        value = (value << 6U) | static_cast<unsigned>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            decoded += static_cast<char>((value >> bits) & 0xffU);
        }
    }
    if ((digits + padding) % 4 != 0 || padding > 2) return std::nullopt;
    return decoded;
}

std::string encode_base64(std::string_view bytes) {
    std::string encoded;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t j = 0; j < 3; ++j)
            group = (group << 8U) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            encoded += j <= count ? kAlphabet[(group >> (18 - 6 * j)) & 0x3fU] : '=';
    }
    return encoded;
}

}  // namespace fairlead::kube
