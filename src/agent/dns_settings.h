#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "dns/dns_config.h"
#include "dns/query_filter.h"
#include "dns/search_context.h"
#include "dns/zone_options.h"
#include "kube/objects.h"

namespace fairlead::agent {

/// How queries come to the DNS server.
enum class DnsMode : std::uint8_t {
    kOff,        ///< there is no server
    kIntercept,  ///< those to the cluster DNS Service are taken on their way, while the server lives
    kBind,       ///< the server has addresses of its own
};

/// "off", "intercept" or "bind".
std::string_view name_of(DnsMode mode);
/// The other way round; anything else is an error.
base::Result<DnsMode> parse_dns_mode(std::string_view text);

/// What the agent is told about DNS.
struct DnsSettings {
    DnsMode mode = DnsMode::kOff;
    kube::ObjectKey service{"kube-system", "kube-dns"};  ///< the cluster DNS
    /// Intercepted like the Service's own addresses: what Pods have where NodeLocal DNSCache was used.
    std::vector<base::IpAddress> node_local_addresses;
    std::vector<base::SocketAddress> listen;  ///< of mode bind
    std::uint32_t workers = 1;                ///< threads

    std::string cluster_domain = "cluster.local";
    std::uint32_t ttl_s = 5;  ///< of records of the cluster's zone, at most 3600
    dns::PodNames pod_names = dns::PodNames::kInsecure;
    dns::CollapseMode search = dns::CollapseMode::kOn;

    std::string resolv_conf = "/etc/resolv.conf";  ///< kubelet's resolvConf
    /// That of kube-dns and NodeLocal DNSCache; goes over `resolv_conf`, and the rest of these over it.
    std::optional<kube::ObjectKey> config_map{};
    std::vector<std::string> upstreams;     ///< none: the nameservers of `resolv_conf`
    std::vector<std::string> stub_domains;  ///< "example.com=10.0.0.1", one for each upstream
    std::vector<std::string> tls_pins;      ///< "10.0.0.1=sha256//...": pin_upstreams()
    std::string corefile;           ///< an existing one; what it speaks of goes before the rest of these
    bool corefile_ignores = false;  ///< what of it has no meaning here is passed over, not refused
    std::uint32_t cache_mib = 32;
    std::uint32_t pod_lookup_rate = dns::ForwardLimits{}.client_rate;
    std::uint32_t stale_s = 3600;             ///< how long answers may be served after their end
    dns::QueryFilter query_log{.one_in = 0};  ///< queries that go to the log

    std::uint32_t waste_event_factor = 0;  ///< queries for each lookup that are worth an Event; 0: none is
    std::uint32_t waste_event_rate = 10;   ///< queries of one Pod a second, below which there is no Event
    std::uint32_t waste_event_window_s = 300;  ///< how long it must go on

    friend bool operator==(const DnsSettings&, const DnsSettings&) = default;
};

/// Reads a file whole.
using ReadFile = std::function<base::Result<std::string>(const std::string& path)>;

/// What the server is made of, and what of the files it had to pass over.
struct DnsPlan {
    dns::DnsConfig forwarding;
    dns::ZoneOptions zone;
    std::string node_resolv_conf;      ///< text of DnsSettings::resolv_conf
    std::vector<std::string> remarks;  ///< for people, each with its file and line
};

/// Errors name the setting, or the file and line.
/// `config_map` is DnsSettings::config_map, nullptr where there is none.
base::Result<DnsPlan> plan_dns(const DnsSettings& settings, const ReadFile& read_file,
                               const kube::ConfigMap* config_map = nullptr);

}  // namespace fairlead::agent
