#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "dns/name.h"

namespace fairlead::dns {

/// How an upstream is spoken to.
enum class UpstreamTransport : std::uint8_t {
    kUdp,  ///< and over TCP when a reply is truncated
    kTcp,
    kTls,  ///< RFC 7858
};

/// "udp", "tcp" or "tls".
std::string_view name_of(UpstreamTransport transport);

/// Ports of DNS over UDP and TCP, and over TLS.
constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kDnsOverTlsPort = 853;

/// A recursive server that questions are forwarded to.
struct UpstreamServer {
    base::SocketAddress address;
    std::string interface;  ///< of a link-local IPv6 address, its zone (RFC 4007): "eth0"; else empty
    UpstreamTransport transport = UpstreamTransport::kUdp;
    std::string tls_server_name;  ///< what its certificate is to name; empty: the address
    /// SHA-256 of its public key (SubjectPublicKeyInfo, 32 bytes), one of these; then the certificate's name
    /// and authority do not count (RFC 7858, section 4.2). None: they do.
    std::vector<std::vector<std::uint8_t>> tls_key_pins{};

    /// From "10.0.0.1", "10.0.0.1:53", "fd00::1", "[fd00::1]:53", "fe80::1%eth0", each also after "udp://",
    /// "dns://" (the same), "tcp://" and "tls://"; after "tls://" "%name" is the certificate's name:
    /// "tls://10.0.0.1%dns.example".
    static base::Result<UpstreamServer> parse(std::string_view text);
    /// "10.0.0.1:53", "[fe80::1%eth0]:53", "tls://10.0.0.1:853".
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const UpstreamServer&, const UpstreamServer&) = default;
};

/// Which of the healthy upstreams is asked first.
enum class UpstreamPolicy : std::uint8_t { kSequential, kRandom, kRoundRobin };

/// "sequential", "random" or "round_robin".
std::string_view name_of(UpstreamPolicy policy);

/// How long answers may be kept.
struct TtlBounds {
    std::chrono::seconds least{5};  ///< also of records that ask for less
    std::chrono::seconds most_positive{3600};
    std::chrono::seconds most_negative{1800};
    std::chrono::seconds failure{5};  ///< RFC 9520, section 3.2 wants 1 s to 5 min

    friend bool operator==(const TtlBounds&, const TtlBounds&) = default;
};

/// Where questions for a name and all below it go; of several zones the longest that fits is taken.
struct ForwardZone {
    Name zone;                              ///< the root: everything
    std::vector<Name> except;               ///< these and what is below them is refused instead
    std::vector<UpstreamServer> upstreams;  ///< none: everything in the zone is refused
    UpstreamPolicy policy = UpstreamPolicy::kSequential;
    TtlBounds ttl;

    friend bool operator==(const ForwardZone&, const ForwardZone&) = default;
};

/// An address and its names, as a line of /etc/hosts has them (hosts(5)).
struct HostEntry {
    base::IpAddress address;
    std::vector<Name> names;

    friend bool operator==(const HostEntry&, const HostEntry&) = default;
};

/// Questions for exactly `from` are answered as if they were for `to`.
struct NameRewrite {
    Name from;
    Name to;
    /// Records of `to` in the answer get `from` as their owner; else the client sees `to` there.
    bool restore_answer = true;

    friend bool operator==(const NameRewrite&, const NameRewrite&) = default;
};

/// What a cache may hold, and what it does at the end of an answer's life.
struct CacheBounds {
    std::size_t max_bytes = 32 * std::size_t{1024} * 1024;
    /// How long after its end an answer may be served stale (RFC 8767); 0: not at all. The RFC advises days;
    /// an hour outlives the restart and the misconfiguration of a resolver, and ends before the addresses
    /// that clouds reassign are likely to be somebody else's.
    std::chrono::seconds stale_for{3600};
    std::chrono::seconds stale_recheck{30};  ///< RFC 8767, section 5
    unsigned prefetch_hits = 3;              ///< of an entry since it was stored; 0: no prefetch
    unsigned prefetch_percent = 10;          ///< of its life, at the end

    friend bool operator==(const CacheBounds&, const CacheBounds&) = default;
};

/// How much a forwarder does at a time.
struct ForwardLimits {
    std::size_t most_lookups = 1000;  ///< under way, of all clients
    std::size_t most_per_client = 200;
    std::uint32_t client_rate = 5000;  ///< new ones of one client a second, for each worker; 0: any
    std::uint32_t client_burst = 1000;

    friend bool operator==(const ForwardLimits&, const ForwardLimits&) = default;
};

/// What the DNS server is configured with, apart from the cluster zone.
struct DnsConfig {
    std::vector<ForwardZone> forward;
    std::vector<HostEntry> hosts;
    std::vector<NameRewrite> rewrites;
    CacheBounds cache;
    ForwardLimits limits;

    friend bool operator==(const DnsConfig&, const DnsConfig&) = default;
};

}  // namespace fairlead::dns
