#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "dns/dns_config.h"
#include "dns/name.h"

namespace fairlead::dns {

/// Something in a configuration text that was passed over, and why. Lines count from 1.
struct LineProblem {
    unsigned line = 0;
    std::string message;

    friend bool operator==(const LineProblem&, const LineProblem&) = default;
};

/// What a resolv.conf says (resolv.conf(5), glibc), as far as it could be understood.
struct ResolvConf {
    std::vector<UpstreamServer> nameservers;
    std::vector<Name> search;         ///< "." is the root
    unsigned ndots = 1;               ///< at most 15
    std::chrono::seconds timeout{5};  ///< at most 30
    unsigned attempts = 2;            ///< at most 5
    bool rotate = false;
    bool trust_ad = false;
    bool use_vc = false;  ///< ask over TCP
    bool single_request = false;
    bool single_request_reopen = false;
    bool edns0 = false;
    bool no_aaaa = false;
    std::vector<std::string> other_options;  ///< as they stand there
    std::vector<LineProblem> problems;
};

/// More nameservers and search domains than these are a problem: what CoreDNS takes, and what Kubernetes
/// does.
constexpr std::size_t kMostNameservers = 15;
constexpr std::size_t kMostSearchDomains = 32;

/// Never fails: a line that is not understood costs nothing but itself and is in `problems`. As in glibc, of
/// several lines `search` and `domain` the last one counts, and numbers that are too large are brought down
/// to the largest.
ResolvConf parse_resolv_conf(std::string_view text);

/// The whole name space to these nameservers: in turn with `rotate`, over TCP with `use-vc`.
ForwardZone forward_zone(const ResolvConf& conf);

}  // namespace fairlead::dns
