#include "dns/reply.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/name_compressor.h"
#include "dns/record_wire.h"
#include "dns/reply_header.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

std::size_t start_of(const ReplyBody& body, std::size_t record) {
    return record == 0 ? 0 : body.records[record - 1].end;
}

bool is_address(const Record& record) {
    return record.klass == RecordClass::kIn &&
           (record.type == RecordType::kA || record.type == RecordType::kAaaa);
}

/// The address RRset that the answer ends in. Its records must be of one size and name their owner in the
/// same way.
ReplyBody::Rotation rotation_of(const ReplyBody& body, std::span<const Record> answer) {
    std::size_t first = body.answers;
    const auto size_of = [&](std::size_t i) { return body.records[i].end - start_of(body, i); };
    const auto owner_size = [&](std::size_t i) { return body.records[i].ttl_offset - start_of(body, i); };
    while (first > 0 && is_address(answer[first - 1]) &&
           answer[first - 1].type == answer[body.answers - 1].type &&
           answer[first - 1].owner == answer[body.answers - 1].owner &&
           size_of(first - 1) == size_of(body.answers - 1U) &&
           owner_size(first - 1) == owner_size(body.answers - 1U))
        --first;
    const std::size_t count = body.answers - first;
    if (count < 2) return {};
    return {.first = static_cast<std::uint16_t>(first), .count = static_cast<std::uint16_t>(count)};
}

/// Puts the first `fitting` records into the message in the order that the draw gives the addresses.
void rotate(std::uint8_t* records, const ReplyBody& body, std::size_t fitting, std::uint64_t draw) {
    const auto [first, count] = body.rotation;
    if (count == 0 || fitting <= first) return;
    const std::size_t shift = draw % count;
    const std::size_t start = start_of(body, first);
    const std::size_t size = body.records[first].end - start;
    const std::size_t shown = std::min<std::size_t>(count, fitting - first);
    const std::size_t before_wrap = std::min(shown, count - shift);
    std::memcpy(records + start, body.bytes.data() + start + shift * size, before_wrap * size);
    std::memcpy(records + start + before_wrap * size, body.bytes.data() + start,
                (shown - before_wrap) * size);
}

void set_ttls(std::uint8_t* records, const ReplyBody& body, std::size_t fitting,
              const ReplyOptions& options) {
    if (!options.fixed_ttl_s && options.age_s == 0) return;
    for (const auto& place : std::span{body.records}.first(fitting)) {
        std::uint8_t* const ttl = records + place.ttl_offset;
        const std::uint32_t ttl_s = get_u32({ttl, 4}, 0);
        put_u32(ttl, options.fixed_ttl_s.value_or(ttl_s - std::min(ttl_s, options.age_s)));
    }
}

}  // namespace

ReplyBody make_body(const Name& question, ResponseCode code, std::span<const Record> answer,
                    std::span<const Record> authority, std::span<const Record> additional) {
    const std::size_t start = kHeaderSize + question.wire().size() + kQuestionTailSize;
    std::size_t bound = start;
    for (const auto section : {answer, authority, additional})
        for (const Record& record : section)
            bound += record.owner.wire().size() + kRecordFields + record.rdata.size();
    // An OPT record has its place in every message.
    std::vector<std::uint8_t> message(std::min(bound, kMaxMessageSize - kOptSize));
    NameCompressor compressor;
    std::ranges::copy(question.wire(), message.begin() + kHeaderSize);
    compressor.remember(kHeaderSize, question);

    ReplyBody body;
    body.code = code;
    std::size_t size = start;
    std::uint32_t least_ttl_s = UINT32_MAX;
    const auto write_section = [&](std::span<const Record> section) {
        std::uint16_t count = 0;
        for (const Record& record : section) {
            const auto written =
                body.truncated ? WrittenRecord{} : write_record(message, size, record, compressor);
            body.truncated = written.end == 0;
            if (body.truncated) break;
            size = written.end;
            body.records.push_back({.ttl_offset = static_cast<std::uint16_t>(written.ttl_offset - start),
                                    .end = static_cast<std::uint16_t>(size - start)});
            least_ttl_s = std::min(least_ttl_s, record.ttl_s);
            ++count;
        }
        return count;
    };
    body.answers = write_section(answer);
    body.authorities = write_section(authority);
    body.additionals = write_section(additional);
    body.bytes.assign(message.begin() + static_cast<std::ptrdiff_t>(start),
                      message.begin() + static_cast<std::ptrdiff_t>(size));
    body.least_ttl_s = body.records.empty() ? 0 : least_ttl_s;
    body.rotation = rotation_of(body, answer);
    return body;
}

BodyRecords records_of(const Name& question, const ReplyBody& body) {
    std::vector<std::uint8_t> packet(kHeaderSize);
    put_u16(&packet[4], 1);
    put_u16(&packet[6], body.answers);
    put_u16(&packet[8], body.authorities);
    put_u16(&packet[10], body.additionals);
    packet.insert(packet.end(), question.wire().begin(), question.wire().end());
    packet.resize(packet.size() + kQuestionTailSize);
    packet.insert(packet.end(), body.bytes.begin(), body.bytes.end());
    auto message = decode_message(packet);
    FAIRLEAD_ASSERT(message);
    return {.answer = std::move(message->answer),
            .authority = std::move(message->authority),
            .additional = std::move(message->additional)};
}

std::size_t udp_reply_limit(const Query& query, std::size_t server_limit) {
    return query.edns ? std::min<std::size_t>(query.edns->udp_payload, server_limit) : kMinUdpPayload;
}

std::size_t write_reply(std::span<std::uint8_t> out, const Query& query, const ReplyBody& body,
                        const ReplyOptions& options) {
    const std::size_t start = kHeaderSize + query.question.size();
    const std::size_t opt = query.edns ? kOptSize : 0;
    const std::size_t limit = std::min(out.size(), options.limit);
    FAIRLEAD_ASSERT(start + opt <= limit);
    std::size_t fitting = body.records.size();
    while (fitting > 0 && body.records[fitting - 1].end > limit - start - opt)
        --fitting;

    const std::size_t needed = std::size_t{body.answers} + body.authorities;
    const auto shown = [&](std::size_t before, std::size_t of_section) {
        return static_cast<std::uint16_t>(std::min(fitting - std::min(fitting, before), of_section));
    };
    const std::size_t size = start_of(body, fitting);
    std::uint8_t* const records = out.data() + start;
    std::memcpy(out.data() + kHeaderSize, query.question.data(), query.question.size());
    if (size > 0) std::memcpy(records, body.bytes.data(), size);
    rotate(records, body, fitting, options.draw);
    set_ttls(records, body, fitting, options);
    return complete_reply(out.data(), start + size, query,
                          {.code = body.code,
                           .authoritative = body.authoritative,
                           .authentic = body.authentic,
                           .truncated = body.truncated || fitting < needed,
                           .counts = {shown(0, body.answers), shown(body.answers, body.authorities),
                                      shown(needed, body.additionals)}});
}

std::size_t write_refusal(std::span<std::uint8_t> out, const Refusal& refusal) {
    const std::size_t size = kHeaderSize + refusal.question.size();
    const std::size_t opt = refusal.has_edns ? kOptSize : 0;
    FAIRLEAD_ASSERT(size + opt <= out.size());
    std::memset(out.data(), 0, kHeaderSize);
    put_u16(out.data(), refusal.id);
    const std::uint32_t flags = std::uint32_t{kResponseFlag} | refusal.echoed_flags |
                                (static_cast<std::uint32_t>(refusal.code) & kCodeMask);
    put_u16(&out[2], static_cast<std::uint16_t>(flags));
    put_u16(&out[4], refusal.question.empty() ? 0 : 1);
    put_u16(&out[10], refusal.has_edns ? 1 : 0);
    if (!refusal.question.empty())
        std::memcpy(&out[kHeaderSize], refusal.question.data(), refusal.question.size());
    if (refusal.has_edns) write_opt(out.data() + size, {}, refusal.code);
    return size + opt;
}

}  // namespace fairlead::dns
