#include "agent/agent_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "agent/config_file.h"
#include "net/files.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// What CLI11 joined of a repeated flag, one a line, as one list.
std::string with_commas(std::string text) {
    std::ranges::replace(text, '\n', ',');
    return text;
}

Result<ConfigDraft> load_file(const AgentArguments& arguments) {
    if (arguments.config_option->count() == 0) return ConfigDraft{default_config(), {}};
    if (arguments.config_path.empty())
        return base::fail(base::ErrorCode::kInvalid, "--config: '' has an empty value");
    FAIRLEAD_TRY(const auto text, net::read_file(arguments.config_path));
    return parse_config(arguments.config_path, text);
}

}  // namespace

void add_options(CLI::App& command, AgentArguments& arguments) {
    arguments.config_option = command
                                  .add_option("--config", arguments.config_path,
                                              "read FILE, kind AgentConfiguration; flags go over it")
                                  ->type_name("FILE");
    command.add_flag("--check", arguments.check,
                     "print the configuration that would be used, or what is wrong with it, and do nothing");
    arguments.flags.reserve(settings().size());  // options keep references to the texts
    for (const auto& setting : settings()) {
        auto& flag = arguments.flags.emplace_back(&setting);
        const std::string repeated = setting.list ? "; several with commas, or repeated" : "";
        auto* option =
            command.add_option(std::string(setting.flag), flag.text, std::string(setting.help) + repeated);
        option->type_name(std::string(setting.placeholder));
        // Not join(','): that would drop empty values without a word.
        if (setting.list) option->join();
        flag.option = option;
    }
}

Result<Config> load_config(const AgentArguments& arguments) {
    FAIRLEAD_TRY(auto draft, load_file(arguments));
    std::vector<Override> overrides;
    for (const auto& [setting, option, text] : arguments.flags)
        if (option->count() > 0) overrides.push_back({setting, setting->list ? with_commas(text) : text});
    FAIRLEAD_TRY(draft, apply_overrides(std::move(draft), overrides));
    if (draft.config.node_name.empty()) {
        draft.config.node_name = net::host_name();
        draft.origins["nodeName"] = "host name";
    }
    return validated(std::move(draft));
}

base::LogFormat wanted_log_format(const AgentArguments& arguments) {
    for (const auto& flag : arguments.flags) {
        if (flag.setting->field != "logFormat" || flag.option->count() == 0) continue;
        return base::parse_log_format(flag.text).value_or(base::LogFormat::kText);
    }
    const auto file =
        arguments.config_path.empty() ? std::string{} : net::read_file(arguments.config_path).value_or("");
    return log_format_in(file).value_or(base::LogFormat::kText);
}

}  // namespace fairlead::agent
