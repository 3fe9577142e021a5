#include "agent/dns_tls_pins.h"

#include <optional>
#include <string_view>
#include <vector>

#include "kube/api_access.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

constexpr std::string_view kScheme = "sha256//";
constexpr std::size_t kDigestBytes = 32;

struct Pin {
    base::IpAddress address;
    std::vector<std::uint8_t> digest;
};

Result<Pin> parse_pin(const std::string& text) {
    const auto equals = text.find('=');
    const auto address = base::IpAddress::parse(text.substr(0, equals));
    const auto value = equals == std::string::npos ? "" : text.substr(equals + 1);
    const auto digest =
        value.starts_with(kScheme) ? kube::decode_base64(value.substr(kScheme.size())) : std::nullopt;
    if (!address || !digest || digest->size() != kDigestBytes)
        return base::fail(ErrorCode::kInvalid,
                          "dns.tlsPins: '" + text + "' is not ADDRESS=sha256// and 32 bytes in base64");
    return Pin{*address, {digest->begin(), digest->end()}};
}

/// Whether there is an upstream that it is for.
bool put(const Pin& pin, dns::DnsConfig& config) {
    bool is_put = false;
    for (auto& zone : config.forward)
        for (auto& server : zone.upstreams) {
            if (server.transport != dns::UpstreamTransport::kTls || server.address.address != pin.address)
                continue;
            server.tls_key_pins.push_back(pin.digest);
            is_put = true;
        }
    return is_put;
}

}  // namespace

Result<void> pin_upstreams(std::span<const std::string> pins, dns::DnsConfig& config) {
    for (const auto& text : pins) {
        FAIRLEAD_TRY(const auto pin, parse_pin(text));
        if (!put(pin, config))
            return base::fail(ErrorCode::kInvalid,
                              "dns.tlsPins: no upstream is tls://" + pin.address.to_string());
    }
    return {};
}

}  // namespace fairlead::agent
