#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::kernel::nftables {

/// NFTA_*_USERDATA as stock `nft` writes and reads it: type, length and value in one byte, one byte and so
/// many bytes. The kernel keeps it and looks at none of it.
class UserData {
  public:
    /// Comments are cut to 127 bytes, the longest that nft takes.
    void put_text(std::uint8_t type, std::string_view text);
    void put_number(std::uint8_t type, std::uint32_t number);
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }

  private:
    std::vector<std::byte> bytes_;
};

/// The text of the first entry of that type; empty if there is none or if the bytes are no user data.
std::string user_data_text(std::span<const std::byte> bytes, std::uint8_t type);

// Types of entries, from what nft 1.0.6 writes.
inline constexpr std::uint8_t kCommentOfTableChainOrRule = 0;
inline constexpr std::uint8_t kSetKeyByteOrder = 0;
inline constexpr std::uint8_t kSetDataByteOrder = 1;
inline constexpr std::uint8_t kSetDataInterval = 6;  ///< 1 if the data of a map are ranges
inline constexpr std::uint8_t kSetComment = 7;

inline constexpr std::uint32_t kHostByteOrder = 1;
inline constexpr std::uint32_t kNetworkByteOrder = 2;

}  // namespace fairlead::kernel::nftables
