#include "base/dns_name.h"

#include <algorithm>
#include <cstddef>

namespace fairlead::base {

namespace {

constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestName = 253;

bool is_label_text(std::string_view text) {
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos &&
           text.front() != '-' && text.back() != '-';
}

}  // namespace

bool is_dns_label(std::string_view text) {
    return text.size() <= kLongestLabel && is_label_text(text);
}

bool is_dns_subdomain(std::string_view text) {
    if (text.size() > kLongestName) return false;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('.', begin), text.size());
        if (!is_label_text(text.substr(begin, end - begin))) return false;
        begin = end + 1;
    }
    return true;
}

}  // namespace fairlead::base
