#include "dns/edns.h"

#include <algorithm>

#include "dns/wire.h"

namespace fairlead::dns {

namespace {

constexpr std::uint16_t kCookieOption = 10;
constexpr std::uint32_t kDnssecOkBit = 0x8000;

/// 8 bytes of the client, and nothing or 8 to 32 of the server.
bool is_cookie_size(std::size_t size) {
    return size == 8 || (size >= 16 && size <= 40);
}

}  // namespace

std::optional<OptRecord> parse_opt(std::uint16_t klass, std::uint32_t ttl, Bytes rdata) {
    OptRecord opt;
    opt.edns.udp_payload = std::max(klass, static_cast<std::uint16_t>(kMinUdpPayload));
    opt.edns.version = static_cast<std::uint8_t>(ttl >> 16U);
    opt.edns.dnssec_ok = (ttl & kDnssecOkBit) != 0;
    opt.code_upper = static_cast<std::uint8_t>(ttl >> 24U);
    if (opt.edns.version != 0) return opt;
    while (!rdata.empty()) {
        if (rdata.size() < 4) return std::nullopt;
        const std::uint16_t option = get_u16(rdata, 0);
        const std::size_t size = get_u16(rdata, 2);
        if (size > rdata.size() - 4) return std::nullopt;
        if (option == kCookieOption) {
            if (!is_cookie_size(size)) return std::nullopt;
            opt.edns.has_cookie = true;
        }
        rdata = rdata.subspan(4 + size);
    }
    return opt;
}

void write_opt(std::uint8_t* out, const Edns& edns, ResponseCode code) {
    const auto code_upper = static_cast<std::uint32_t>(code) >> 4U;
    out[0] = 0;
    put_u16(out + 1, static_cast<std::uint16_t>(RecordType::kOpt));
    put_u16(out + 3, edns.udp_payload);
    put_u32(out + 5,
            code_upper << 24U | std::uint32_t{edns.version} << 16U | (edns.dnssec_ok ? kDnssecOkBit : 0));
    put_u16(out + 9, 0);
}

}  // namespace fairlead::dns
