#include "dns/reply_header.h"

#include "dns/edns.h"
#include "dns/wire.h"

namespace fairlead::dns {

std::size_t complete_reply(std::uint8_t* message, std::size_t size, const Query& query,
                           const ReplyHeader& header) {
    const auto flag = [](bool set, std::uint16_t bit) { return set ? std::uint32_t{bit} : 0U; };
    const bool wants_authentic = query.authentic_data || (query.edns && query.edns->dnssec_ok);
    const std::uint32_t flags = std::uint32_t{kResponseFlag} | std::uint32_t{kRecursionAvailableFlag} |
                                flag(header.authoritative, kAuthoritativeFlag) |
                                flag(header.truncated, kTruncatedFlag) |
                                flag(query.recursion_desired, kRecursionDesiredFlag) |
                                flag(query.checking_disabled, kCheckingDisabledFlag) |
                                flag(header.authentic && wants_authentic, kAuthenticDataFlag) |
                                (static_cast<std::uint32_t>(header.code) & kCodeMask);
    put_u16(message, query.id);
    put_u16(message + 2, static_cast<std::uint16_t>(flags));
    put_u16(message + 4, 1);
    put_u16(message + 6, header.counts[0]);
    put_u16(message + 8, header.counts[1]);
    put_u16(message + 10, static_cast<std::uint16_t>(header.counts[2] + (query.edns ? 1 : 0)));
    if (!query.edns) return size;
    write_opt(message + size, {.dnssec_ok = query.edns->dnssec_ok}, header.code);
    return size + kOptSize;
}

}  // namespace fairlead::dns
