#include "dns/upstream_query.h"

#include "dns/message.h"
#include "dns/question_case.h"

namespace fairlead::dns {

namespace {

std::uint16_t read_u16(Bytes packet, std::size_t offset) {
    return static_cast<std::uint16_t>(packet[offset] << 8U | packet[offset + 1]);
}

constexpr std::size_t kFlagsOffset = 2;
constexpr std::size_t kQuestionCountOffset = 4;

}  // namespace

std::vector<std::uint8_t> encode_query(const UpstreamQuery& query) {
    Message message;
    message.id = query.id;
    message.recursion_desired = true;
    message.authentic_data = true;
    message.checking_disabled = query.checking_disabled;
    message.questions.push_back({query.name, query.type, RecordClass::kIn});
    if (query.edns) {
        message.edns.emplace();
        message.edns->dnssec_ok = query.dnssec_ok;
    }
    return encode_message(message);
}

ReplyMatch match_reply(const UpstreamQuery& query, Bytes packet) {
    if (packet.size() < kHeaderSize || read_u16(packet, 0) != query.id) return ReplyMatch::kForeign;
    const std::uint16_t flags = read_u16(packet, kFlagsOffset);
    if ((flags & kResponseFlag) == 0 || (flags & kOpcodeMask) != 0) return ReplyMatch::kForeign;
    const std::uint16_t questions = read_u16(packet, kQuestionCountOffset);
    if (questions == 0 && (flags & kCodeMask) != 0) return ReplyMatch::kNoQuestion;
    Name name;
    const auto end = questions == 1 ? Name::read(packet, kHeaderSize, name) : std::nullopt;
    if (!end || *end + 4 > packet.size()) return ReplyMatch::kForeign;
    const bool same = name == query.name &&
                      read_u16(packet, *end) == static_cast<std::uint16_t>(query.type) &&
                      read_u16(packet, *end + 2) == static_cast<std::uint16_t>(RecordClass::kIn);
    if (!same) return ReplyMatch::kForeign;
    return same_case(name, query.name) ? ReplyMatch::kMatches : ReplyMatch::kWrongCase;
}

}  // namespace fairlead::dns
