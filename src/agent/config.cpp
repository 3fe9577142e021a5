#include "agent/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/json.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;
using Values = std::span<const std::string>;

constexpr std::string_view kApiVersion = "fairlead.config/v1alpha1";
constexpr std::string_view kKind = "AgentConfiguration";

template <auto kMember>
Result<void> set_text(Config& config, Values values) {
    config.*kMember = values.front();
    return {};
}

template <auto kMember>
std::vector<std::string> get_text(const Config& config) {
    if ((config.*kMember).empty()) return {};
    return {config.*kMember};
}

template <auto kMember>
Result<void> set_prefixes(Config& config, Values values) {
    std::vector<base::Prefix> prefixes;
    for (const auto& text : values) {
        FAIRLEAD_TRY(const auto prefix, base::Prefix::parse(text));
        prefixes.push_back(prefix);
    }
    config.*kMember = std::move(prefixes);
    return {};
}

template <auto kMember>
std::vector<std::string> get_prefixes(const Config& config) {
    std::vector<std::string> texts;
    for (const auto& prefix : config.*kMember)
        texts.push_back(prefix.to_string());
    return texts;
}

template <auto kMember>
Result<void> set_address(Config& config, Values values) {
    FAIRLEAD_TRY(config.*kMember, base::SocketAddress::parse(values.front()));
    return {};
}

template <auto kMember>
std::vector<std::string> get_address(const Config& config) {
    return {(config.*kMember).to_string()};
}

Result<void> set_log_level(Config& config, Values values) {
    FAIRLEAD_TRY(config.log_level, base::parse_log_level(values.front()));
    return {};
}

std::vector<std::string> get_log_level(const Config& config) {
    return {std::string(base::name_of(config.log_level))};
}

Result<void> set_log_format(Config& config, Values values) {
    FAIRLEAD_TRY(config.log_format, base::parse_log_format(values.front()));
    return {};
}

std::vector<std::string> get_log_format(const Config& config) {
    return {std::string(base::name_of(config.log_format))};
}

constexpr std::array kSettings = {
    Setting{"nodeName", "--node", "NAME", "name of this node in the API (default: the host name)", false,
            false, set_text<&Config::node_name>, get_text<&Config::node_name>},
    Setting{"manifests", "--manifests", "DIR",
            "take objects from YAML and JSON files in DIR instead of an API server", false, false,
            set_text<&Config::manifests>, get_text<&Config::manifests>},
    Setting{"kubeconfig", "--kubeconfig", "FILE",
            "reach the API server as FILE says (default: the in-cluster service account)", false, false,
            set_text<&Config::kubeconfig>, get_text<&Config::kubeconfig>},
    Setting{"context", "--context", "NAME", "context of the kubeconfig (default: its current-context)", false,
            false, set_text<&Config::context>, get_text<&Config::context>},
    Setting{"server", "--server", "URL", "address of the API server, over what kubeconfig or cluster say",
            false, false, set_text<&Config::server>, get_text<&Config::server>},
    Setting{"clusterCIDRs", "--cluster-cidr", "CIDR",
            "addresses of pods; traffic to Services from elsewhere is masqueraded", true, true,
            set_prefixes<&Config::cluster_cidrs>, get_prefixes<&Config::cluster_cidrs>},
    Setting{"serviceCIDRs", "--service-cidr", "CIDR",
            "addresses of Services; one that no Service holds is rejected at once", true, true,
            set_prefixes<&Config::service_cidrs>, get_prefixes<&Config::service_cidrs>},
    Setting{"healthAddress", "--health-address", "ADDRESS:PORT", "where /livez, /readyz and /healthz answer",
            false, true, set_address<&Config::health_address>, get_address<&Config::health_address>},
    Setting{"adminAddress", "--admin-address", "ADDRESS:PORT", "where /metrics and /status answer", false,
            true, set_address<&Config::admin_address>, get_address<&Config::admin_address>},
    Setting{"logLevel", "--log-level", "LEVEL", "debug, info, warning or error", false, true, set_log_level,
            get_log_level},
    Setting{"logFormat", "--log-format", "FORMAT", "text or json", false, true, set_log_format,
            get_log_format},
};

std::string place(std::string_view file_name, const YAML::Mark& mark) {
    return std::string(file_name) + ":" + std::to_string(mark.line + 1);
}

const Setting* find_setting(std::string_view field) {
    const auto found = std::ranges::find(kSettings, field, &Setting::field);
    return found == kSettings.end() ? nullptr : &*found;
}

/// The scalars of a field's value, or why it has the wrong type.
Result<std::vector<std::string>> values_of(const Setting& setting, const YAML::Node& node) {
    if (!setting.list) {
        if (!node.IsScalar()) return base::fail(ErrorCode::kInvalid, "wants one value");
        return std::vector{node.Scalar()};
    }
    if (!node.IsSequence()) return base::fail(ErrorCode::kInvalid, "wants a list");
    std::vector<std::string> values;
    for (const auto& item : node) {
        if (!item.IsScalar()) return base::fail(ErrorCode::kInvalid, "wants a list of plain values");
        values.push_back(item.Scalar());
    }
    return values;
}

Result<void> check_header(std::string_view field, const YAML::Node& value, std::string_view wanted) {
    if (value.IsScalar() && value.Scalar() == wanted) return {};
    return base::fail(ErrorCode::kInvalid, "wants '" + std::string(wanted) + "' as " + std::string(field));
}

Result<void> set_field(Config& config, std::string_view field, const YAML::Node& value) {
    if (field == "apiVersion") return check_header(field, value, kApiVersion);
    if (field == "kind") return check_header(field, value, kKind);
    const Setting* setting = find_setting(field);
    if (setting == nullptr) return base::fail(ErrorCode::kInvalid, "no such field");
    FAIRLEAD_TRY(const auto values, values_of(*setting, value));
    return setting->set(config, values);
}

Result<Config> parse_document(std::string_view file_name, const YAML::Node& document) {
    const auto refuse = [&](const YAML::Mark& mark, std::string_view field, const std::string& why) {
        const std::string field_part = field.empty() ? "" : std::string(field) + ": ";
        return base::fail(ErrorCode::kInvalid, place(file_name, mark) + ": " + field_part + why);
    };
    if (!document.IsMap()) return refuse(document.Mark(), "", "wants fields of kind " + std::string(kKind));
    Config config = default_config();
    std::map<std::string, int> first_lines;
    for (const auto& entry : document) {
        if (!entry.first.IsScalar()) return refuse(entry.first.Mark(), "", "a field name must be plain text");
        const std::string& field = entry.first.Scalar();
        const auto [known, added] = first_lines.try_emplace(field, entry.first.Mark().line + 1);
        if (!added)
            return refuse(entry.first.Mark(), field,
                          "is there twice, first in line " + std::to_string(known->second));
        if (const auto set = set_field(config, field, entry.second); !set)
            return refuse(entry.second.Mark().is_null() ? entry.first.Mark() : entry.second.Mark(), field,
                          set.error().message);
    }
    for (const std::string_view header : {"apiVersion", "kind"})
        if (!first_lines.contains(std::string(header))) return refuse(document.Mark(), header, "is missing");
    return config;
}

std::vector<std::string> split_at_commas(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

}  // namespace

Config default_config() {
    Config config;
    const std::array loopback{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}};
    config.admin_address = {base::IpAddress{loopback}, 10249};
    return config;
}

std::span<const Setting> settings() {
    return kSettings;
}

Result<Config> parse_config(std::string_view file_name, std::string_view text) {
    try {
        const auto documents = YAML::LoadAll(std::string(text));
        if (documents.size() != 1)
            return base::fail(ErrorCode::kInvalid, std::string(file_name) + ": holds " +
                                                       std::to_string(documents.size()) +
                                                       " documents, wants one of kind " + std::string(kKind));
        return parse_document(file_name, documents.front());
    } catch (const YAML::Exception& error) {
        return base::fail(ErrorCode::kInvalid, place(file_name, error.mark) + ": " + error.msg);
    }
}

Result<Config> apply_overrides(Config config, std::span<const Override> overrides) {
    for (const auto& [setting, text] : overrides) {
        const auto values = setting->list ? split_at_commas(text) : std::vector{text};
        if (std::ranges::find(values, "") != values.end())
            return base::fail(ErrorCode::kInvalid,
                              std::string(setting->flag) + ": '" + text + "' has an empty value");
        if (auto set = setting->set(config, values); !set)
            return base::fail_within(setting->flag, std::move(set).error());
    }
    return config;
}

Result<void> validate(const Config& config) {
    if (!config.manifests.empty() && !(config.kubeconfig.empty() && config.server.empty()))
        return base::fail(ErrorCode::kInvalid,
                          "manifests: excludes kubeconfig and server: objects come from one source");
    if (!config.context.empty() && config.kubeconfig.empty())
        return base::fail(ErrorCode::kInvalid, "context: needs kubeconfig");
    if (!config.server.empty() && !config.server.starts_with("http://") &&
        !config.server.starts_with("https://"))
        return base::fail(ErrorCode::kInvalid,
                          "server: '" + config.server + "' is not a http:// or https:// URL");
    if (config.health_address == config.admin_address)
        return base::fail(ErrorCode::kInvalid,
                          "adminAddress: is the same as healthAddress: " + config.admin_address.to_string());
    return {};
}

std::vector<std::string_view> fields_needing_restart(const Config& before, const Config& after) {
    std::vector<std::string_view> fields;
    for (const auto& setting : kSettings)
        if (!setting.reloadable && setting.get(before) != setting.get(after)) fields.push_back(setting.field);
    return fields;
}

std::string to_yaml(const Config& config) {
    std::string text = "apiVersion: " + std::string(kApiVersion) + "\nkind: " + std::string(kKind) + "\n";
    for (const auto& setting : kSettings) {
        const auto values = setting.get(config);
        if (values.empty()) continue;
        text += std::string(setting.field) + ":";
        if (!setting.list) text += " " + base::json_quote(values.front());
        for (std::size_t i = 0; setting.list && i < values.size(); ++i)
            text += "\n- " + base::json_quote(values[i]);
        text += "\n";
    }
    return text;
}

}  // namespace fairlead::agent
