#include "dns/record_wire.h"

#include "dns/rdata.h"
#include "dns/wire.h"

namespace fairlead::dns {

WrittenRecord write_record(std::span<std::uint8_t> message, std::size_t offset, const Record& record,
                           NameCompressor& compressor) {
    const auto given_up = [&] {
        compressor.forget_from(offset);
        return WrittenRecord{};
    };
    const std::size_t fields = compressor.write(message, offset, record.owner);
    if (fields == 0 || message.size() - fields < kRecordFields) return given_up();
    const std::size_t rdata = fields + kRecordFields;
    const std::size_t end = write_rdata(message, rdata, record.type, record.klass, record.rdata, compressor);
    if (end == 0) return given_up();
    std::uint8_t* const place = message.data() + fields;
    put_u16(place, static_cast<std::uint16_t>(record.type));
    put_u16(place + 2, static_cast<std::uint16_t>(record.klass));
    put_u32(place + 4, record.ttl_s);
    put_u16(place + 8, static_cast<std::uint16_t>(end - rdata));
    return {.ttl_offset = fields + 4, .end = end};
}

}  // namespace fairlead::dns
