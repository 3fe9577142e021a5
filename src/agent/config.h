#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conntrack_settings.h"
#include "agent/dns_settings.h"
#include "base/address.h"
#include "base/log.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "conntrack/table_watch.h"
#include "services/node_ports.h"

namespace fairlead::agent {

inline constexpr std::string_view kConfigApiVersion = "fairlead.config/v1alpha1";
inline constexpr std::string_view kConfigKind = "AgentConfiguration";

/// How connections of pods are told from others (kube-proxy's detectLocalMode).
enum class DetectLocal : std::uint8_t { kClusterCidr, kNodeCidr, kBridgeInterface, kInterfaceNamePrefix };

/// What an agent is told: kind AgentConfiguration of fairlead.config/v1alpha1, or the same by flags.
struct Config {
    std::string node_name;

    // Where objects come from; all four empty: the in-cluster service account.
    std::string manifests;
    std::string kubeconfig;
    std::string context;
    std::string server;

    std::vector<base::Prefix> cluster_cidrs;
    std::vector<base::Prefix> service_cidrs;
    DetectLocal detect_local = DetectLocal::kClusterCidr;
    std::string bridge_interface;
    std::string interface_name_prefix;
    services::NodePortAddresses node_port_addresses;
    bool external_ips = true;
    bool masquerade_all = false;
    bool connection_counters = false;
    std::uint32_t connection_counters_max_services = 1000;  ///< with metrics of their own
    bool connection_counters_per_endpoint = false;          ///< metrics for each endpoint, too

    base::SocketAddress health_address{base::IpAddress{}, 10256};
    base::SocketAddress admin_address;
    bool bind_address_hard_fail = true;

    base::Duration sync_period = std::chrono::seconds(30);
    std::optional<int> oom_score_adj;

    base::LogLevel log_level = base::LogLevel::kInfo;
    base::LogFormat log_format = base::LogFormat::kText;

    ConntrackSettings conntrack;
    conntrack::FillPercents conntrack_percents;

    DnsSettings dns;

    friend bool operator==(const Config&, const Config&) = default;
};

/// The configuration of an agent that is told nothing.
Config default_config();

/// How a value is written in the configuration file.
enum class ValueKind : std::uint8_t {
    kText,
    kList,     ///< a sequence of texts; with commas in the flag
    kBoolean,  ///< true or false, without quotes
    kNumber,   ///< a whole number, without quotes
    kWord,     ///< one of a few words: `off` is one, with or without quotes
};

/// How a value of the configuration is read from text and shown as text, one for each item of a list.
struct SettingValue {
    ValueKind kind = ValueKind::kText;
    base::Result<void> (*set)(Config&, std::span<const std::string> texts);
    std::vector<std::string> (*get)(const Config&);
};

enum class TakesEffect : std::uint8_t { kOnReload, kOnRestart };

/// One setting, from which the configuration file, the flag, the documentation and `--check` are all made.
struct Setting {
    std::string_view field;        ///< in the file: "clusterCIDRs", "conntrack.min"
    std::string_view flag;         ///< on the command line: "--cluster-cidr"
    std::string_view placeholder;  ///< in help: "CIDR"
    std::string_view help;
    SettingValue value;
    TakesEffect takes_effect = TakesEffect::kOnReload;

    [[nodiscard]] bool is_list() const { return value.kind == ValueKind::kList; }
    /// Neither text nor a list of it: in YAML and JSON without quotes.
    [[nodiscard]] bool is_plain() const {
        return value.kind == ValueKind::kBoolean || value.kind == ValueKind::kNumber;
    }
};

/// Every setting, in the order in which they are documented.
std::span<const Setting> settings();

/// A value given by flag: `setting` and its text.
struct Override {
    const Setting* setting = nullptr;
    std::string text;
};

/// A configuration that is being put together, and where each setting in it comes from.
struct ConfigDraft {
    Config config;
    /// By field: "f.yaml:4", "--cluster-cidr", or words; what has its default is absent.
    std::map<std::string_view, std::string> origins;
};

/// `draft` with flags put over it; errors name the flag.
base::Result<ConfigDraft> apply_overrides(ConfigDraft draft, std::span<const Override> overrides);

/// The configuration of a draft whose settings can work, and work together; errors name where the settings
/// come from.
base::Result<Config> validated(ConfigDraft draft);

/// The fields that differ and cannot change while the agent runs.
std::vector<std::string_view> fields_needing_restart(const Config& before, const Config& after);

/// The configuration as a file that parse_config() reads back to the same.
std::string to_yaml(const Config& config);

/// The same as a JSON object in one line.
std::string to_json(const Config& config);

}  // namespace fairlead::agent
