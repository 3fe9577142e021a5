#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dns/config_words.h"
#include "dns/hosts_file.h"
#include "dns/kube_dns_config.h"
#include "dns/resolv_conf.h"
#include "dns/reverse_zone.h"

/// Any text as a resolv.conf, a hosts file, values of the kube-dns ConfigMap, an upstream, a zone and a
/// duration.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::dns;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static_cast<void>(forward_zone(parse_resolv_conf(text)));
    static_cast<void>(parse_hosts_file(text));
    static_cast<void>(parse_kube_dns_config(text, text));
    static_cast<void>(parse_zone(text));
    static_cast<void>(parse_duration(text));
    if (const auto server = UpstreamServer::parse(text))
        if (server->tls_server_name.empty() && *UpstreamServer::parse(server->to_string()) != *server)
            __builtin_trap();
    return 0;
}
