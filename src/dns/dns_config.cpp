#include "dns/dns_config.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace fairlead::dns {

std::string_view name_of(UpstreamTransport transport) {
    switch (transport) {
        case UpstreamTransport::kTcp:
            return "tcp";
        case UpstreamTransport::kTls:
            return "tls";
        case UpstreamTransport::kUdp:
            break;
    }
    return "udp";
}

std::string_view name_of(UpstreamPolicy policy) {
    switch (policy) {
        case UpstreamPolicy::kRandom:
            return "random";
        case UpstreamPolicy::kRoundRobin:
            return "round_robin";
        case UpstreamPolicy::kSequential:
            break;
    }
    return "sequential";
}

namespace {

constexpr std::string_view kSchemes[] = {"udp://", "dns://", "tcp://", "tls://"};
constexpr UpstreamTransport kSchemeTransports[] = {UpstreamTransport::kUdp, UpstreamTransport::kUdp,
                                                   UpstreamTransport::kTcp, UpstreamTransport::kTls};

/// Takes "tls://" and the like off `text`.
UpstreamTransport take_scheme(std::string_view& text) {
    for (std::size_t i = 0; i < std::size(kSchemes); ++i) {
        if (!text.starts_with(kSchemes[i])) continue;
        text.remove_prefix(kSchemes[i].size());
        return kSchemeTransports[i];
    }
    return UpstreamTransport::kUdp;
}

/// Takes ":53" off the end of `text`, unless the colon is one of an IPv6 address; empty where there is none.
std::string_view take_port(std::string_view& text) {
    const auto colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    if (colon == std::string_view::npos || (!bracketed && text.find(':') != colon)) return {};
    if (bracketed && (colon == 0 || text[colon - 1] != ']')) return {};
    const std::string_view port = text.substr(colon);
    text.remove_suffix(port.size());
    return port;
}

}  // namespace

base::Result<UpstreamServer> UpstreamServer::parse(std::string_view text) {
    const auto refuse = [whole = std::string{text}](std::string_view why) {
        return base::fail(base::ErrorCode::kInvalid, fmt::format("upstream '{}': {}", whole, why));
    };
    UpstreamServer server;
    server.transport = take_scheme(text);
    const bool tls = server.transport == UpstreamTransport::kTls;
    server.address.port = tls ? kDnsOverTlsPort : kDnsPort;
    if (const auto port = take_port(text); !port.empty()) {
        const auto [end, error] =
            std::from_chars(port.data() + 1, port.data() + port.size(), server.address.port);
        if (error != std::errc{} || end != port.data() + port.size() || server.address.port == 0)
            return refuse("the port is 1 to 65535");
    }
    if (text.starts_with('[') != text.ends_with(']')) return refuse("wants both brackets or none");
    if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
    std::string_view suffix;
    if (const auto percent = text.find('%'); percent != std::string_view::npos) {
        suffix = text.substr(percent + 1);
        text = text.substr(0, percent);
        if (suffix.empty()) return refuse("nothing after '%'");
    }
    const auto address = base::IpAddress::parse(text);
    if (!address) return refuse("wants an address and perhaps a port");
    server.address.address = *address;
    (tls ? server.tls_server_name : server.interface) = suffix;
    if (!server.interface.empty() && address->family() == base::Family::kIpv4)
        return refuse("an IPv4 address has no interface");
    return server;
}

std::string UpstreamServer::to_string() const {
    const std::string place =
        interface.empty() ? address.to_string()
                          : fmt::format("[{}%{}]:{}", address.address.to_string(), interface, address.port);
    return transport == UpstreamTransport::kUdp ? place : fmt::format("{}://{}", name_of(transport), place);
}

}  // namespace fairlead::dns
