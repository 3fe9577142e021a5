#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/name.h"

namespace fairlead::dns {

/// Where in a message under way names and their parents are, for pointers to them (RFC 1035, section 4.1.4).
/// Fixed in size: it remembers the first 64 places, later names are written all the same.
class NameCompressor {
  public:
    /// Writes `name` at `offset` of `message`, with a pointer instead of the longest ending that is there
    /// already, and remembers its places. The offset behind it; 0 when it does not fit.
    std::size_t write(std::span<std::uint8_t> message, std::size_t offset, const Name& name);
    /// The same in full, for rdata that must not be compressed (RFC 3597, section 4).
    std::size_t write_whole(std::span<std::uint8_t> message, std::size_t offset, const Name& name);
    /// Remembers the places of a name that is at `offset` already.
    void remember(std::size_t offset, const Name& name);
    /// Forgets places at `offset` and behind it: what was written there is given up.
    void forget_from(std::size_t offset);

  private:
    struct Place {
        std::uint16_t offset = 0;     ///< of the label in the message
        std::uint8_t size_bytes = 0;  ///< of the name from there, uncompressed
    };

    [[nodiscard]] const Place* find(std::span<const std::uint8_t> message, Bytes name) const;
    void remember_labels(std::size_t offset, Bytes name, std::size_t written);

    std::array<Place, 64> places_{};
    std::size_t count_ = 0;
};

}  // namespace fairlead::dns
