#include "kube/request_target.h"

namespace fairlead::kube {

namespace {

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.';
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kDigits[byte >> 4U];
            encoded += kDigits[byte & 0xfU];
        }
    }
    return encoded;
}

}  // namespace

void RequestTarget::add(std::string_view name, std::string_view value) {
    text_ += has_query_ ? "&" : "?";
    has_query_ = true;
    text_ += std::string(name) + "=" + percent_encoded(value);
}

}  // namespace fairlead::kube
