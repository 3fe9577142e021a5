#include "dns/record.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

Record make_record(const Name& owner, RecordType type, std::uint32_t ttl_s, Bytes rdata = {}) {
    return {.owner = owner,
            .type = type,
            .klass = RecordClass::kIn,
            .ttl_s = ttl_s,
            .rdata = {rdata.begin(), rdata.end()}};
}

void append(std::vector<std::uint8_t>& rdata, Bytes bytes) {
    rdata.insert(rdata.end(), bytes.begin(), bytes.end());
}

void append_u16(std::vector<std::uint8_t>& rdata, std::uint16_t value) {
    rdata.resize(rdata.size() + 2);
    put_u16(&rdata[rdata.size() - 2], value);
}

void append_u32(std::vector<std::uint8_t>& rdata, std::uint32_t value) {
    rdata.resize(rdata.size() + 4);
    put_u32(&rdata[rdata.size() - 4], value);
}

constexpr std::size_t kSoaNumbers = 20;  // bytes behind the two names
constexpr std::size_t kSrvNumbers = 6;   // bytes before the target

}  // namespace

Record address_record(const Name& owner, std::uint32_t ttl_s, const base::IpAddress& address) {
    const auto type = address.family() == base::Family::kIpv4 ? RecordType::kA : RecordType::kAaaa;
    Record record = make_record(owner, type, ttl_s);
    std::ranges::transform(address.bytes(), std::back_inserter(record.rdata), std::to_integer<std::uint8_t>);
    return record;
}

Record cname_record(const Name& owner, std::uint32_t ttl_s, const Name& target) {
    return make_record(owner, RecordType::kCname, ttl_s, target.wire());
}

Record ns_record(const Name& owner, std::uint32_t ttl_s, const Name& server) {
    return make_record(owner, RecordType::kNs, ttl_s, server.wire());
}

Record ptr_record(const Name& owner, std::uint32_t ttl_s, const Name& target) {
    return make_record(owner, RecordType::kPtr, ttl_s, target.wire());
}

Record srv_record(const Name& owner, std::uint32_t ttl_s, const Srv& srv) {
    Record record = make_record(owner, RecordType::kSrv, ttl_s);
    for (const std::uint16_t number : {srv.priority, srv.weight, srv.port})
        append_u16(record.rdata, number);
    append(record.rdata, srv.target.wire());
    return record;
}

Record soa_record(const Name& owner, std::uint32_t ttl_s, const Soa& soa) {
    Record record = make_record(owner, RecordType::kSoa, ttl_s);
    append(record.rdata, soa.primary.wire());
    append(record.rdata, soa.mailbox.wire());
    for (const std::uint32_t number : {soa.serial, soa.refresh_s, soa.retry_s, soa.expire_s, soa.minimum_s})
        append_u32(record.rdata, number);
    return record;
}

Record txt_record(const Name& owner, std::uint32_t ttl_s, std::span<const std::string_view> texts) {
    FAIRLEAD_ASSERT(!texts.empty());
    Record record = make_record(owner, RecordType::kTxt, ttl_s);
    for (const std::string_view text : texts) {
        FAIRLEAD_ASSERT(text.size() <= 255);
        record.rdata.push_back(static_cast<std::uint8_t>(text.size()));
        record.rdata.insert(record.rdata.end(), text.begin(), text.end());
    }
    return record;
}

std::optional<base::IpAddress> address_of(const Record& record) {
    const bool is_address = (record.type == RecordType::kA && record.rdata.size() == 4) ||
                            (record.type == RecordType::kAaaa && record.rdata.size() == 16);
    if (!is_address || record.klass != RecordClass::kIn) return std::nullopt;
    return base::IpAddress{std::as_bytes(std::span{record.rdata})};
}

std::optional<Name> target_of(const Record& record) {
    switch (record.type) {
        case RecordType::kCname:
        case RecordType::kNs:
        case RecordType::kPtr:
        case RecordType::kDname:
            return Name::from_wire(record.rdata);
        default:
            return std::nullopt;
    }
}

std::optional<Soa> soa_of(const Record& record) {
    if (record.type != RecordType::kSoa) return std::nullopt;
    // Name::read() is for messages, whose names lie behind a header.
    std::vector<std::uint8_t> message(kHeaderSize);
    append(message, record.rdata);
    Soa soa;
    const auto mailbox = Name::read(message, kHeaderSize, soa.primary);
    const auto numbers = mailbox ? Name::read(message, *mailbox, soa.mailbox) : std::nullopt;
    if (!numbers || message.size() - *numbers != kSoaNumbers) return std::nullopt;
    std::size_t at = *numbers;
    for (std::uint32_t* const number :
         {&soa.serial, &soa.refresh_s, &soa.retry_s, &soa.expire_s, &soa.minimum_s}) {
        *number = get_u32(message, at);
        at += 4;
    }
    return soa;
}

std::optional<Srv> srv_of(const Record& record) {
    if (record.type != RecordType::kSrv || record.rdata.size() <= kSrvNumbers) return std::nullopt;
    const auto target = Name::from_wire(Bytes{record.rdata}.subspan(kSrvNumbers));
    if (!target) return std::nullopt;
    return Srv{.priority = get_u16(record.rdata, 0),
               .weight = get_u16(record.rdata, 2),
               .port = get_u16(record.rdata, 4),
               .target = *target};
}

}  // namespace fairlead::dns
