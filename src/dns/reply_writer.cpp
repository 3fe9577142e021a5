#include "dns/reply_writer.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "dns/edns.h"
#include "dns/record_wire.h"
#include "dns/reply_header.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

constexpr std::uint16_t kPointerToQuestion = 0xc000 | kHeaderSize;

}  // namespace

ReplyWriter::ReplyWriter(std::span<std::uint8_t> out, const Query& query, std::size_t limit) : query_(query) {
    const std::size_t opt = query.edns ? kOptSize : 0;
    const std::size_t room = std::min(out.size(), limit);
    FAIRLEAD_ASSERT(room >= kHeaderSize + query.question.size() + opt);
    out_ = out.first(room - opt);
    std::memcpy(&out_[kHeaderSize], query.question.data(), query.question.size());
    clear();
}

void ReplyWriter::clear() {
    size_ = kHeaderSize + query_.question.size();
    counts_ = {};
    full_ = truncated_ = false;
    compressor_.forget_from(0);
    compressor_.remember(kHeaderSize, query_.name);
}

std::size_t ReplyWriter::record_count() const {
    return std::size_t{counts_[0]} + counts_[1] + counts_[2];
}

void ReplyWriter::append(Bytes bytes) {
    overflowed_ = overflowed_ || bytes.size() > out_.size() - size_;
    if (overflowed_) return;
    std::ranges::copy(bytes, out_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += bytes.size();
}

void ReplyWriter::append_u16(std::uint16_t value) {
    std::array<std::uint8_t, 2> bytes{};
    put_u16(bytes.data(), value);
    append(bytes);
}

void ReplyWriter::append_name(const Name& name, bool compressed) {
    if (overflowed_) return;
    const std::size_t end =
        compressed ? compressor_.write(out_, size_, name) : compressor_.write_whole(out_, size_, name);
    overflowed_ = end == 0;
    if (!overflowed_) size_ = end;
}

bool ReplyWriter::begin(Section section, const Name* owner, RecordType type, std::uint32_t ttl_s) {
    // A record behind one of a later section would be counted in the wrong one.
    for (std::size_t later = static_cast<std::size_t>(section) + 1; later < counts_.size(); ++later)
        FAIRLEAD_ASSERT(counts_[later] == 0);
    if (full_) {
        truncated_ = truncated_ || section != Section::kAdditional;
        return false;
    }
    overflowed_ = false;
    record_start_ = size_;
    if (owner == nullptr) {
        append_u16(kPointerToQuestion);
    } else {
        append_name(*owner, true);
    }
    std::array<std::uint8_t, kRecordFields> fields{};  // the length of the rdata is put in at the end
    put_u16(&fields[0], static_cast<std::uint16_t>(type));
    put_u16(&fields[2], static_cast<std::uint16_t>(RecordClass::kIn));
    put_u32(&fields[4], ttl_s);
    append(fields);
    rdata_start_ = size_;
    return true;
}

void ReplyWriter::end(Section section) {
    if (!overflowed_) {
        put_u16(&out_[rdata_start_ - 2], static_cast<std::uint16_t>(size_ - rdata_start_));
        ++counts_[static_cast<std::size_t>(section)];
        return;
    }
    size_ = record_start_;
    compressor_.forget_from(record_start_);
    full_ = true;
    truncated_ = section != Section::kAdditional;
}

void ReplyWriter::add_address(Section section, const base::IpAddress& address, std::uint32_t ttl_s) {
    const auto type = address.family() == base::Family::kIpv4 ? RecordType::kA : RecordType::kAaaa;
    if (!begin(section, nullptr, type, ttl_s)) return;
    const auto bytes = address.bytes();
    append({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    end(section);
}

void ReplyWriter::add_address(Section section, const Name& owner, const base::IpAddress& address,
                              std::uint32_t ttl_s) {
    const auto type = address.family() == base::Family::kIpv4 ? RecordType::kA : RecordType::kAaaa;
    const auto bytes = address.bytes();
    add(section, owner, type, ttl_s, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

void ReplyWriter::add_name(Section section, const Name& owner, RecordType type, std::uint32_t ttl_s,
                           const Name& target) {
    if (!begin(section, &owner, type, ttl_s)) return;
    append_name(target, true);
    end(section);
}

void ReplyWriter::add_srv(Section section, const Name& owner, std::uint32_t ttl_s, std::uint16_t priority,
                          std::uint16_t weight, std::uint16_t port, const Name& target) {
    if (!begin(section, &owner, RecordType::kSrv, ttl_s)) return;
    for (const std::uint16_t number : {priority, weight, port})
        append_u16(number);
    append_name(target, false);
    end(section);
}

void ReplyWriter::add_soa(Section section, const Name& owner, std::uint32_t ttl_s, const Soa& soa) {
    if (!begin(section, &owner, RecordType::kSoa, ttl_s)) return;
    append_name(soa.primary, true);
    append_name(soa.mailbox, true);
    std::array<std::uint8_t, 20> numbers{};
    put_u32(&numbers[0], soa.serial);
    put_u32(&numbers[4], soa.refresh_s);
    put_u32(&numbers[8], soa.retry_s);
    put_u32(&numbers[12], soa.expire_s);
    put_u32(&numbers[16], soa.minimum_s);
    append(numbers);
    end(section);
}

void ReplyWriter::add_txt(Section section, const Name& owner, std::uint32_t ttl_s, std::string_view text) {
    FAIRLEAD_ASSERT(text.size() <= 255);
    if (!begin(section, &owner, RecordType::kTxt, ttl_s)) return;
    const auto length = static_cast<std::uint8_t>(text.size());
    append({&length, 1});
    append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    end(section);
}

void ReplyWriter::add(Section section, const Name& owner, RecordType type, std::uint32_t ttl_s, Bytes rdata) {
    if (!begin(section, &owner, type, ttl_s)) return;
    append(rdata);
    end(section);
}

std::size_t ReplyWriter::finish(ResponseCode code, bool authoritative) {
    return complete_reply(
        out_.data(), size_, query_,
        {.code = code, .authoritative = authoritative, .truncated = truncated_, .counts = counts_});
}

}  // namespace fairlead::dns
