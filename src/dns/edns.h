#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "dns/protocol.h"

namespace fairlead::dns {

/// What an OPT record says, with the upper eight bits of the response code.
struct OptRecord {
    Edns edns;
    std::uint8_t code_upper = 0;
};

/// From class, TTL and rdata of an OPT record (RFC 6891, section 6.1.2). A payload below 512 counts as 512.
/// Options of version 0 are checked for their lengths, a COOKIE for those that RFC 7873, section 5.2 allows;
/// nullopt when one is malformed. Options of a later version are not looked at.
std::optional<OptRecord> parse_opt(std::uint16_t klass, std::uint32_t ttl, Bytes rdata);

/// Bytes of an OPT record without options.
constexpr std::size_t kOptSize = 11;

/// Writes such a record; `out` has room for kOptSize bytes.
void write_opt(std::uint8_t* out, const Edns& edns, ResponseCode code);

}  // namespace fairlead::dns
