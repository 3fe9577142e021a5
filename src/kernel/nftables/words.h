#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fairlead::kernel::nftables {

// Values as stock nft writes them.

/// "0x0a400102", in the order of the bytes.
std::string hex(std::span<const std::byte> bytes);
/// "tcp", "udp", "sctp"; the number of another protocol.
std::string protocol_name(std::uint8_t number);

}  // namespace fairlead::kernel::nftables
