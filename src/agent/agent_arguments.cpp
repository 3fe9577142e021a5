#include "agent/agent_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "agent/config_file.h"
#include "agent/kube_proxy_config.h"
#include "net/files.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// What CLI11 joined of a repeated flag, one a line, as one list.
std::string with_commas(std::string text) {
    std::ranges::replace(text, '\n', ',');
    return text;
}

Result<std::string> read_named_file(std::string_view flag, const std::string& path) {
    if (path.empty())
        return base::fail(base::ErrorCode::kInvalid, std::string(flag) + ": '' has an empty value");
    return net::read_file(path);
}

/// CLI11 has seen to it that there is one file at most.
Result<KubeProxyConfig> load_file(const AgentArguments& arguments) {
    if (arguments.kube_proxy_config_option->count() > 0) {
        const auto& path = arguments.kube_proxy_config_path;
        FAIRLEAD_TRY(const auto text, read_named_file("--kube-proxy-config", path));
        return parse_kube_proxy_config(path, text);
    }
    if (arguments.config_option->count() == 0) return KubeProxyConfig{{default_config(), {}}, {}};
    FAIRLEAD_TRY(const auto text, read_named_file("--config", arguments.config_path));
    FAIRLEAD_TRY(auto draft, parse_config(arguments.config_path, text));
    return KubeProxyConfig{std::move(draft), {}};
}

}  // namespace

void add_file_options(CLI::App& command, AgentArguments& arguments) {
    auto* const config = command.add_option("--config", arguments.config_path,
                                            "read FILE, kind AgentConfiguration; flags go over it");
    auto* const kube_proxy =
        command.add_option("--kube-proxy-config", arguments.kube_proxy_config_path,
                           "read FILE of kube-proxy, kind KubeProxyConfiguration; flags go over it");
    arguments.config_option = config->type_name("FILE");
    arguments.kube_proxy_config_option = kube_proxy->type_name("FILE")->excludes(config);
}

void add_setting_options(CLI::App& command, AgentArguments& arguments,
                         const std::function<bool(const Setting&)>& wanted) {
    arguments.flags.reserve(settings().size());  // options keep references to the texts
    for (const auto& setting : settings()) {
        if (!wanted(setting)) continue;
        auto& flag = arguments.flags.emplace_back(&setting);
        const std::string repeated = setting.is_list() ? "; several with commas, or repeated" : "";
        auto* option =
            command.add_option(std::string(setting.flag), flag.text, std::string(setting.help) + repeated);
        option->type_name(std::string(setting.placeholder));
        // Not join(','): that would drop empty values without a word.
        if (setting.is_list()) option->join();
        flag.option = option;
    }
}

void add_options(CLI::App& command, AgentArguments& arguments) {
    add_file_options(command, arguments);
    command.add_flag("--check", arguments.check,
                     "print the configuration that would be used, or what is wrong with it, and do nothing");
    add_setting_options(command, arguments, [](const Setting&) { return true; });
}

Result<LoadedConfig> load_config(const AgentArguments& arguments) {
    FAIRLEAD_TRY(auto file, load_file(arguments));
    auto& draft = file.draft;
    std::vector<Override> overrides;
    for (const auto& [setting, option, text] : arguments.flags)
        if (option->count() > 0)
            overrides.push_back({setting, setting->is_list() ? with_commas(text) : text});
    FAIRLEAD_TRY(draft, apply_overrides(std::move(draft), overrides));
    if (draft.config.node_name.empty()) {
        draft.config.node_name = net::host_name();
        draft.origins["nodeName"] = "host name";
    }
    FAIRLEAD_TRY(auto config, validated(std::move(draft)));
    return LoadedConfig{std::move(config), std::move(file.notes)};
}

base::LogFormat wanted_log_format(const AgentArguments& arguments) {
    for (const auto& flag : arguments.flags) {
        if (flag.setting->field != "logFormat" || flag.option->count() == 0) continue;
        return base::parse_log_format(flag.text).value_or(base::LogFormat::kText);
    }
    const auto& path =
        arguments.config_path.empty() ? arguments.kube_proxy_config_path : arguments.config_path;
    const auto file = path.empty() ? std::string{} : net::read_file(path).value_or("");
    return log_format_in(file).value_or(base::LogFormat::kText);
}

}  // namespace fairlead::agent
