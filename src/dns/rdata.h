#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dns/name_compressor.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// The rdata of `size` bytes at `offset` of a message, which are there, with its names expanded. nullopt when
/// it is not what a record of that type has. Types without a layout here are copied (RFC 3597).
std::optional<std::vector<std::uint8_t>> read_rdata(Bytes message, std::size_t offset, std::size_t size,
                                                    RecordType type, RecordClass klass);

/// Writes rdata that read_rdata() gave or that has that form at `offset`; names are compressed for the types
/// of RFC 1035. The offset behind it; 0 when it does not fit.
std::size_t write_rdata(std::span<std::uint8_t> message, std::size_t offset, RecordType type,
                        RecordClass klass, Bytes rdata, NameCompressor& compressor);

}  // namespace fairlead::dns
