#include "dns/record_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "dns/wire.h"

namespace fairlead::dns {

namespace {

std::string unknown_text(Bytes rdata) {
    std::string text = fmt::format("\\# {}", rdata.size());
    if (!rdata.empty()) text += ' ';
    for (const std::uint8_t byte : rdata)
        text += fmt::format("{:02x}", byte);
    return text;
}

/// Printable ASCII as it is, but for quotes and backslashes.
std::string quoted(Bytes string) {
    std::string text = "\"";
    for (const std::uint8_t byte : string) {
        const bool printable = byte >= 0x20 && byte < 0x7f;
        if (!printable)
            text += fmt::format("\\{:03}", byte);
        else if (byte == '"' || byte == '\\')
            text += fmt::format("\\{:c}", byte);
        else
            text += static_cast<char>(byte);
    }
    return text + '"';
}

std::optional<std::string> strings_text(Bytes rdata) {
    if (rdata.empty()) return std::nullopt;
    std::string text;
    while (!rdata.empty()) {
        const std::size_t size = rdata.front();
        if (rdata.size() < size + 1) return std::nullopt;
        text += (text.empty() ? "" : " ") + quoted(rdata.subspan(1, size));
        rdata = rdata.subspan(size + 1);
    }
    return text;
}

std::optional<std::string> mx_text(Bytes rdata) {
    if (rdata.size() < 2) return std::nullopt;
    const auto exchange = Name::from_wire(rdata.subspan(2));
    if (!exchange) return std::nullopt;
    return fmt::format("{} {}", get_u16(rdata, 0), exchange->to_string());
}

std::optional<std::string> srv_text(const Record& record) {
    const auto srv = srv_of(record);
    if (!srv) return std::nullopt;
    return fmt::format("{} {} {} {}", srv->priority, srv->weight, srv->port, srv->target.to_string());
}

std::optional<std::string> soa_text(const Record& record) {
    const auto soa = soa_of(record);
    if (!soa) return std::nullopt;
    return fmt::format("{} {} {} {} {} {} {}", soa->primary.to_string(), soa->mailbox.to_string(),
                       soa->serial, soa->refresh_s, soa->retry_s, soa->expire_s, soa->minimum_s);
}

std::optional<std::string> known_text(const Record& record) {
    switch (record.type) {
        case RecordType::kA:
        case RecordType::kAaaa:
            if (const auto address = address_of(record)) return address->to_string();
            return std::nullopt;
        case RecordType::kCname:
        case RecordType::kNs:
        case RecordType::kPtr:
        case RecordType::kDname:
            if (const auto target = target_of(record)) return target->to_string();
            return std::nullopt;
        case RecordType::kTxt:
        case RecordType::kHinfo:
            return strings_text(record.rdata);
        case RecordType::kMx:
            return mx_text(record.rdata);
        case RecordType::kSrv:
            return srv_text(record);
        case RecordType::kSoa:
            return soa_text(record);
        default:
            return std::nullopt;
    }
}

}  // namespace

std::string rdata_text(const Record& record) {
    return known_text(record).value_or(unknown_text(record.rdata));
}

}  // namespace fairlead::dns
