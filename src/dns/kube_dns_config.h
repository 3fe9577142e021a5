#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/dns_config.h"

namespace fairlead::dns {

/// The data of ConfigMap kube-system/kube-dns, which kube-dns and NodeLocal DNSCache read:
///   - `stub_domains`, key "stubDomains": {"example.com": ["10.0.0.1", "10.0.0.2:5353"]}
///   - `upstream_nameservers`, key "upstreamNameservers": ["8.8.8.8", "[2001:db8::1]:53"], at most 3
/// An empty text is a key that is not there. Zones in the order of the text, the root last, policy random as
/// there. Errors name the key, the domain and the value.
base::Result<std::vector<ForwardZone>> parse_kube_dns_config(std::string_view stub_domains,
                                                             std::string_view upstream_nameservers);

}  // namespace fairlead::dns
