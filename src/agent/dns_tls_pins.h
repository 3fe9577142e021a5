#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "dns/dns_config.h"

namespace fairlead::agent {

/// Puts key pins at the upstreams that are spoken to over TLS: "10.0.0.1=sha256//BASE64", the SHA-256 of its
/// public key as curl writes it (CURLOPT_PINNEDPUBLICKEY); of several for one address any will do (RFC 7858,
/// section 4.2). An error says which pin cannot be read, or has no such upstream: the one that was meant
/// would go unpinned.
base::Result<void> pin_upstreams(std::span<const std::string> pins, dns::DnsConfig& config);

}  // namespace fairlead::agent
