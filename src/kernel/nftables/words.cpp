#include "kernel/nftables/words.h"

#include "base/address.h"

namespace fairlead::kernel::nftables {

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "0x";
    for (const auto byte : bytes) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
        text += kDigits[std::to_integer<unsigned>(byte) & 0xfU];
    }
    return text;
}

std::string protocol_name(std::uint8_t number) {
    switch (static_cast<base::L4Protocol>(number)) {
        case base::L4Protocol::kTcp:
            return "tcp";
        case base::L4Protocol::kUdp:
            return "udp";
        case base::L4Protocol::kSctp:
            return "sctp";
    }
    return std::to_string(number);
}

}  // namespace fairlead::kernel::nftables
