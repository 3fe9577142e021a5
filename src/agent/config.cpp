#include "agent/config.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/dns_name.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

std::vector<std::string> split_at_commas(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

/// The field and where it was given: "--manifests", or "manifests (f.yaml:4)", or "manifests".
std::string mention(const ConfigDraft& draft, std::string_view field) {
    const auto origin = draft.origins.find(field);
    if (origin == draft.origins.end()) return std::string(field);
    if (origin->second.starts_with("--")) return origin->second;
    return std::string(field) + " (" + origin->second + ")";
}

/// "--manifests: why" or "f.yaml:4: manifests: why" or "manifests: why".
std::unexpected<base::Error> refuse(const ConfigDraft& draft, std::string_view field,
                                    const std::string& why) {
    const auto origin = draft.origins.find(field);
    std::string place;
    if (origin != draft.origins.end()) place = origin->second + ": ";
    if (!place.starts_with("--")) place += std::string(field) + ": ";
    return base::fail(ErrorCode::kInvalid, place + why);
}

Result<void> check_node_name(const ConfigDraft& draft) {
    const auto& name = draft.config.node_name;
    if (base::is_dns_subdomain(name)) return {};
    return refuse(draft, "nodeName",
                  "'" + name + "' is no name of a Node: wants lower-case letters, digits, '-' and '.'");
}

Result<void> check_source(const ConfigDraft& draft) {
    const auto& config = draft.config;
    for (const auto& [field, text] :
         {std::pair{"kubeconfig", &config.kubeconfig}, std::pair{"server", &config.server}})
        if (!config.manifests.empty() && !text->empty())
            return refuse(draft, "manifests",
                          "excludes " + mention(draft, field) + ": objects come from one source");
    if (!config.context.empty() && config.kubeconfig.empty())
        return refuse(draft, "context", "needs kubeconfig");
    if (!config.server.empty() && !config.server.starts_with("http://") &&
        !config.server.starts_with("https://"))
        return refuse(draft, "server", "'" + config.server + "' is not a http:// or https:// URL");
    return {};
}

Result<void> check_ranges(const ConfigDraft& draft) {
    for (const auto& pods : draft.config.cluster_cidrs)
        for (const auto& services : draft.config.service_cidrs)
            if (pods.overlaps(services))
                return refuse(draft, "serviceCIDRs",
                              services.to_string() + " overlaps " + pods.to_string() + " of " +
                                  mention(draft, "clusterCIDRs"));
    return {};
}

Result<void> check_pod_interfaces(const ConfigDraft& draft) {
    constexpr std::size_t kLongestName = 15;  // IFNAMSIZ less its NUL
    const auto& config = draft.config;
    const std::tuple<DetectLocal, std::string_view, const std::string*> needs[] = {
        {DetectLocal::kBridgeInterface, "bridgeInterface", &config.bridge_interface},
        {DetectLocal::kInterfaceNamePrefix, "interfaceNamePrefix", &config.interface_name_prefix}};
    for (const auto& [mode, field, name] : needs) {
        if (name->size() > kLongestName)
            return refuse(draft, field, "'" + *name + "' is longer than the name of an interface can be");
        if (config.detect_local == mode && name->empty())
            return refuse(draft, field, "is needed by " + mention(draft, "detectLocalMode"));
    }
    return {};
}

Result<void> check_addresses(const ConfigDraft& draft) {
    const auto& health = draft.config.health_address;
    const auto& admin = draft.config.admin_address;
    if (!health.overlaps(admin)) return {};
    return refuse(draft, draft.origins.contains("adminAddress") ? "adminAddress" : "healthAddress",
                  "healthAddress " + health.to_string() + " and adminAddress " + admin.to_string() +
                      " cannot both be listened on");
}

Result<void> check_percents(const ConfigDraft& draft) {
    const auto [warning, critical] = draft.config.conntrack_percents;
    if (warning <= critical) return {};
    return refuse(draft, "conntrack.warnPercent",
                  std::to_string(warning) + " is more than " + std::to_string(critical) + " of " +
                      mention(draft, "conntrack.criticalPercent"));
}

Result<void> check_dns(const ConfigDraft& draft) {
    const auto& dns = draft.config.dns;
    if (dns.mode == DnsMode::kBind && dns.listen.empty())
        return refuse(draft, "dns.listen", "is needed by " + mention(draft, "dns.mode") + " bind");
    return {};
}

}  // namespace

Config default_config() {
    Config config;
    const std::array loopback{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}};
    config.admin_address = {base::IpAddress{loopback}, 10249};
    return config;
}

Result<ConfigDraft> apply_overrides(ConfigDraft draft, std::span<const Override> overrides) {
    for (const auto& [setting, text] : overrides) {
        const auto values = setting->is_list() ? split_at_commas(text) : std::vector{text};
        if (std::ranges::find(values, "") != values.end())
            return base::fail(ErrorCode::kInvalid,
                              std::string(setting->flag) + ": '" + text + "' has an empty value");
        if (auto set = setting->value.set(draft.config, values); !set)
            return base::fail_within(setting->flag, std::move(set).error());
        draft.origins[setting->field] = setting->flag;
    }
    return draft;
}

Result<Config> validated(ConfigDraft draft) {
    FAIRLEAD_CHECK(check_node_name(draft));
    FAIRLEAD_CHECK(check_source(draft));
    FAIRLEAD_CHECK(check_ranges(draft));
    FAIRLEAD_CHECK(check_pod_interfaces(draft));
    FAIRLEAD_CHECK(check_addresses(draft));
    FAIRLEAD_CHECK(check_percents(draft));
    FAIRLEAD_CHECK(check_dns(draft));
    return std::move(draft.config);
}

std::vector<std::string_view> fields_needing_restart(const Config& before, const Config& after) {
    std::vector<std::string_view> fields;
    for (const auto& setting : settings())
        if (setting.takes_effect == TakesEffect::kOnRestart &&
            setting.value.get(before) != setting.value.get(after))
            fields.push_back(setting.field);
    return fields;
}

}  // namespace fairlead::agent
