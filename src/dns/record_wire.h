#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/name_compressor.h"
#include "dns/record.h"

namespace fairlead::dns {

/// Bytes of a record between its owner and its rdata: type, class, TTL, length.
constexpr std::size_t kRecordFields = 10;

struct WrittenRecord {
    std::size_t ttl_offset = 0;
    std::size_t end = 0;  ///< 0 when it did not fit: then `compressor` knows nothing of it
};

/// Writes a record at `offset` of a message.
WrittenRecord write_record(std::span<std::uint8_t> message, std::size_t offset, const Record& record,
                           NameCompressor& compressor);

}  // namespace fairlead::dns
