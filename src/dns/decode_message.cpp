#include <algorithm>
#include <string>
#include <string_view>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/record_wire.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

using base::ErrorCode;
using base::Result;

class Decoder {
  public:
    explicit Decoder(Bytes packet) : packet_(packet) {}

    Result<Message> decode() {
        if (packet_.size() < kHeaderSize)
            return base::fail(ErrorCode::kInvalid, "DNS message: " + std::to_string(packet_.size()) +
                                                       " bytes are fewer than a header has");
        decode_header();
        FAIRLEAD_CHECK(decode_questions());
        FAIRLEAD_CHECK(decode_section("answer", 6, message_.answer));
        FAIRLEAD_CHECK(decode_section("authority", 8, message_.authority));
        FAIRLEAD_CHECK(decode_section("additional", 10, message_.additional));
        if (offset_ != packet_.size())
            return base::fail(
                ErrorCode::kInvalid,
                "DNS message: " + std::to_string(packet_.size() - offset_) + " bytes behind the last record");
        return std::move(message_);
    }

  private:
    std::unexpected<base::Error> malformed(std::string_view why) const {
        return base::fail(ErrorCode::kInvalid, "DNS message: " + std::string{section_} + " record " +
                                                   std::to_string(number_) + ": " + std::string{why});
    }

    void decode_header() {
        const std::uint16_t flags = get_u16(packet_, 2);
        message_.id = get_u16(packet_, 0);
        message_.opcode = static_cast<std::uint8_t>((flags & kOpcodeMask) >> kOpcodeShift);
        message_.response = (flags & kResponseFlag) != 0;
        message_.authoritative = (flags & kAuthoritativeFlag) != 0;
        message_.truncated = (flags & kTruncatedFlag) != 0;
        message_.recursion_desired = (flags & kRecursionDesiredFlag) != 0;
        message_.recursion_available = (flags & kRecursionAvailableFlag) != 0;
        message_.authentic_data = (flags & kAuthenticDataFlag) != 0;
        message_.checking_disabled = (flags & kCheckingDisabledFlag) != 0;
        message_.code = ResponseCode{static_cast<std::uint16_t>(flags & kCodeMask)};
    }

    Result<void> decode_questions() {
        section_ = "question";
        const std::size_t count = get_u16(packet_, 4);
        for (number_ = 1; number_ <= count; ++number_) {
            Question question;
            const auto tail = Name::read(packet_, offset_, question.name);
            if (!tail) return malformed("malformed name");
            if (packet_.size() - *tail < 4) return malformed("cut off");
            question.type = RecordType{get_u16(packet_, *tail)};
            question.klass = RecordClass{get_u16(packet_, *tail + 2)};
            offset_ = *tail + 4;
            message_.questions.push_back(question);
        }
        return {};
    }

    Result<void> decode_section(std::string_view section, std::size_t count_offset,
                                std::vector<Record>& records) {
        section_ = section;
        const std::size_t count = get_u16(packet_, count_offset);
        // A count is believed only as far as there are bytes for it: a record has at least 11.
        records.reserve(std::min(count, (packet_.size() - offset_) / (kRecordFields + 1)));
        for (number_ = 1; number_ <= count; ++number_)
            FAIRLEAD_CHECK(decode_record(records));
        return {};
    }

    Result<void> decode_record(std::vector<Record>& records) {
        Record record;
        const auto fields = Name::read(packet_, offset_, record.owner);
        if (!fields) return malformed("malformed owner");
        if (packet_.size() - *fields < kRecordFields) return malformed("cut off");
        record.type = RecordType{get_u16(packet_, *fields)};
        record.klass = RecordClass{get_u16(packet_, *fields + 2)};
        record.ttl_s = get_u32(packet_, *fields + 4);
        const std::size_t size = get_u16(packet_, *fields + 8);
        const std::size_t rdata = *fields + kRecordFields;
        if (size > packet_.size() - rdata) return malformed("cut off");
        offset_ = rdata + size;
        if (record.type == RecordType::kOpt) return decode_opt(record, packet_.subspan(rdata, size));
        constexpr std::uint32_t kTopBit = 0x80000000U;
        if ((record.ttl_s & kTopBit) != 0) record.ttl_s = 0;
        auto expanded = read_rdata(packet_, rdata, size, record.type, record.klass);
        if (!expanded) return malformed("malformed rdata of type " + name_of(record.type));
        record.rdata = *std::move(expanded);
        records.push_back(std::move(record));
        return {};
    }

    Result<void> decode_opt(const Record& record, Bytes rdata) {
        if (section_ != "additional") return malformed("an OPT record belongs into the additional section");
        if (message_.edns) return malformed("a second OPT record");
        if (!record.owner.is_root()) return malformed("an OPT record with a name");
        const auto opt = parse_opt(static_cast<std::uint16_t>(record.klass), record.ttl_s, rdata);
        if (!opt) return malformed("malformed EDNS option");
        message_.edns = opt->edns;
        message_.code = ResponseCode{static_cast<std::uint16_t>(std::uint32_t{opt->code_upper} << 4U |
                                                                static_cast<std::uint32_t>(message_.code))};
        return {};
    }

    Bytes packet_;
    std::size_t offset_ = kHeaderSize;
    std::string_view section_;
    std::size_t number_ = 0;
    Message message_;
};

}  // namespace

Result<Message> decode_message(Bytes packet) {
    return Decoder{packet}.decode();
}

}  // namespace fairlead::dns
