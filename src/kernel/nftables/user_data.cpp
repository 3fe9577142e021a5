#include "kernel/nftables/user_data.h"

#include <algorithm>

namespace fairlead::kernel::nftables {

namespace {

constexpr std::size_t kLongestTextBytes = 127;

}  // namespace

void UserData::put_text(std::uint8_t type, std::string_view text) {
    text = text.substr(0, kLongestTextBytes);
    bytes_.push_back(std::byte{type});
    bytes_.push_back(static_cast<std::byte>(text.size() + 1));
    for (const char c : text)
        bytes_.push_back(static_cast<std::byte>(c));
    bytes_.push_back(std::byte{0});
}

void UserData::put_number(std::uint8_t type, std::uint32_t number) {
    bytes_.push_back(std::byte{type});
    bytes_.push_back(std::byte{sizeof number});
    const auto value = std::as_bytes(std::span{&number, 1});
    bytes_.insert(bytes_.end(), value.begin(), value.end());
}

std::string user_data_text(std::span<const std::byte> bytes, std::uint8_t type) {
    while (bytes.size() >= 2) {
        const auto length = std::min(std::to_integer<std::size_t>(bytes[1]), bytes.size() - 2);
        const auto value = bytes.subspan(2, length);
        if (std::to_integer<std::uint8_t>(bytes[0]) == type) {
            const std::string text{reinterpret_cast<const char*>(value.data()), value.size()};
            return text.substr(0, text.find('\0'));
        }
        bytes = bytes.subspan(2 + length);
    }
    return {};
}

}  // namespace fairlead::kernel::nftables
