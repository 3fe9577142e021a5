#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/config.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fairlead::agent {

/// What the command line of `agent` says.
struct AgentArguments {
    struct Flag {
        const Setting* setting = nullptr;
        const CLI::Option* option = nullptr;
        std::string text;
    };
    std::string config_path;
    const CLI::Option* config_option = nullptr;
    std::string kube_proxy_config_path;
    const CLI::Option* kube_proxy_config_option = nullptr;
    std::vector<Flag> flags;  ///< one per setting that has an option
    bool check = false;
};

/// Adds the options of `agent` to `command`; parsing fills `arguments`, which must stay where it is.
void add_options(CLI::App& command, AgentArguments& arguments);

/// Adds --config and --kube-proxy-config alone, for a command that uses a configuration.
void add_file_options(CLI::App& command, AgentArguments& arguments);

/// Adds the flags of those settings that are `wanted`, to the same end.
void add_setting_options(CLI::App& command, AgentArguments& arguments,
                         const std::function<bool(const Setting&)>& wanted);

/// A configuration, and what of kube-proxy's file is not as it would be with kube-proxy.
struct LoadedConfig {
    Config config;
    std::vector<std::string> notes;
};

/// The defaults, the file over them, the flags over both; the host name where no node name is given.
base::Result<LoadedConfig> load_config(const AgentArguments& arguments);

/// What can be told of the wanted log format while load_config() fails.
base::LogFormat wanted_log_format(const AgentArguments& arguments);

}  // namespace fairlead::agent
