#include "dns/kube_dns_config.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace fairlead::dns {

namespace {

constexpr std::size_t kMostUpstreamNameservers = 3;
/// Of a ConfigMap (core/v1 validation: 1 MiB in all).
constexpr std::size_t kLongestValue = std::size_t{1024} * 1024;

std::unexpected<base::Error> refuse(std::string_view place, std::string_view why) {
    return base::fail(base::ErrorCode::kInvalid, fmt::format("{}: {}", place, why));
}

base::Result<std::vector<UpstreamServer>> servers_in(std::string_view place, simdjson::dom::element element) {
    simdjson::dom::array list;
    if (element.get(list)) return refuse(place, "wants a list of addresses");
    std::vector<UpstreamServer> servers;
    for (const simdjson::dom::element item : list) {
        std::string_view text;
        if (item.get(text)) return refuse(place, "wants addresses as texts");
        auto server = UpstreamServer::parse(text);
        if (!server) return base::fail_within(place, server.error());
        servers.push_back(*std::move(server));
    }
    if (servers.empty()) return refuse(place, "has no address");
    return servers;
}

base::Result<simdjson::dom::element> parse(std::string_view place, std::string_view text,
                                           simdjson::dom::parser& parser) {
    if (text.size() > kLongestValue) return refuse(place, "is longer than 1 MiB");
    simdjson::dom::element root;
    if (const auto error = parser.parse(simdjson::padded_string{text}).get(root))
        return refuse(place, fmt::format("is not JSON: {}", simdjson::error_message(error)));
    return root;
}

}  // namespace

base::Result<std::vector<ForwardZone>> parse_kube_dns_config(std::string_view stub_domains,
                                                             std::string_view upstream_nameservers) {
    std::vector<ForwardZone> zones;
    simdjson::dom::parser parser;
    if (!stub_domains.empty()) {
        FAIRLEAD_TRY(const auto root, parse("stubDomains", stub_domains, parser));
        simdjson::dom::object domains;
        if (root.get(domains)) return refuse("stubDomains", "wants an object: domain to list of addresses");
        for (const auto domain : domains) {
            const std::string place = fmt::format("stubDomains '{}'", domain.key);
            const auto name = Name::parse(domain.key);
            if (!name) return base::fail_within(place, name.error());
            FAIRLEAD_TRY(auto servers, servers_in(place, domain.value));
            zones.push_back({*name, {}, std::move(servers), UpstreamPolicy::kRandom, {}});
        }
    }
    if (!upstream_nameservers.empty()) {
        FAIRLEAD_TRY(const auto root, parse("upstreamNameservers", upstream_nameservers, parser));
        FAIRLEAD_TRY(auto servers, servers_in("upstreamNameservers", root));
        if (servers.size() > kMostUpstreamNameservers)
            return refuse("upstreamNameservers", "has more than 3 addresses");
        zones.push_back({Name{}, {}, std::move(servers), UpstreamPolicy::kRandom, {}});
    }
    return zones;
}

}  // namespace fairlead::dns
