#include <algorithm>

#include "base/assert.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/record_wire.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

std::size_t uncompressed_size(const Message& message) {
    std::size_t size = kHeaderSize + (message.edns ? kOptSize : 0);
    for (const Question& question : message.questions)
        size += question.name.wire().size() + 4;
    for (const auto* section : {&message.answer, &message.authority, &message.additional})
        for (const Record& record : *section)
            size += record.owner.wire().size() + kRecordFields + record.rdata.size();
    return size;
}

std::uint16_t flags_of(const Message& message, bool truncated) {
    const auto flag = [](bool set, std::uint16_t bit) { return set ? std::uint32_t{bit} : 0U; };
    const std::uint32_t flags = flag(message.response, kResponseFlag) |
                                ((std::uint32_t{message.opcode} << kOpcodeShift) & kOpcodeMask) |
                                flag(message.authoritative, kAuthoritativeFlag) |
                                flag(truncated, kTruncatedFlag) |
                                flag(message.recursion_desired, kRecursionDesiredFlag) |
                                flag(message.recursion_available, kRecursionAvailableFlag) |
                                flag(message.authentic_data, kAuthenticDataFlag) |
                                flag(message.checking_disabled, kCheckingDisabledFlag) |
                                (static_cast<std::uint32_t>(message.code) & kCodeMask);
    return static_cast<std::uint16_t>(flags);
}

}  // namespace

std::vector<std::uint8_t> encode_message(const Message& message, std::size_t limit) {
    std::vector<std::uint8_t> packet(std::min({uncompressed_size(message), limit, kMaxMessageSize}));
    FAIRLEAD_ASSERT(packet.size() >= kHeaderSize + (message.edns ? kOptSize : 0));
    const auto room = std::span{packet}.first(packet.size() - (message.edns ? kOptSize : 0));
    NameCompressor compressor;
    std::size_t size = kHeaderSize;
    for (const Question& question : message.questions) {
        const std::size_t tail = compressor.write(room, size, question.name);
        FAIRLEAD_ASSERT(tail != 0 && room.size() - tail >= 4);
        put_u16(&room[tail], static_cast<std::uint16_t>(question.type));
        put_u16(&room[tail + 2], static_cast<std::uint16_t>(question.klass));
        size = tail + 4;
    }
    put_u16(&packet[4], static_cast<std::uint16_t>(message.questions.size()));

    bool full = false;
    bool truncated = message.truncated;
    const auto write_section = [&](const std::vector<Record>& records, std::size_t count_offset) {
        std::uint16_t count = 0;
        for (const Record& record : records) {
            const auto written = full ? WrittenRecord{} : write_record(room, size, record, compressor);
            full = written.end == 0;
            if (full) break;
            size = written.end;
            ++count;
        }
        put_u16(&packet[count_offset], count);
    };
    write_section(message.answer, 6);
    write_section(message.authority, 8);
    truncated = truncated || full;
    write_section(message.additional, 10);
    if (message.edns) {
        write_opt(packet.data() + size, *message.edns, message.code);
        size += kOptSize;
        put_u16(&packet[10], static_cast<std::uint16_t>(get_u16(packet, 10) + 1));
    }
    put_u16(packet.data(), message.id);
    put_u16(&packet[2], flags_of(message, truncated));
    packet.resize(size);
    return packet;
}

}  // namespace fairlead::dns
