#pragma once

#include <cstddef>
#include <cstdint>

#include "dns/protocol.h"

namespace fairlead::dns {

/// Numbers in network order; the caller has made sure that the bytes are there.
constexpr std::uint16_t get_u16(Bytes bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(bytes[offset] << 8U | bytes[offset + 1]);
}
constexpr std::uint32_t get_u32(Bytes bytes, std::size_t offset) {
    return std::uint32_t{get_u16(bytes, offset)} << 16U | get_u16(bytes, offset + 2);
}
constexpr void put_u16(std::uint8_t* place, std::uint16_t value) {
    place[0] = static_cast<std::uint8_t>(value >> 8U);
    place[1] = static_cast<std::uint8_t>(value);
}
constexpr void put_u32(std::uint8_t* place, std::uint32_t value) {
    put_u16(place, static_cast<std::uint16_t>(value >> 16U));
    put_u16(place + 2, static_cast<std::uint16_t>(value));
}

}  // namespace fairlead::dns
