#include "agent/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>

#include "agent/agent.h"
#include "base/log.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "net/files.h"
#include "net/namespace_lock.h"
#include "services/layout.h"
#include "services/service_proxy.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// What the command line of `agent` says.
struct AgentArguments {
    std::string config_path;
    bool check = false;
    const CLI::Option* config_option = nullptr;
    struct Flag {
        const Setting* setting = nullptr;
        const CLI::Option* option = nullptr;
        std::string text;
    };
    std::vector<Flag> flags;  // one per setting
};

/// What CLI11 joined of a repeated flag, one a line, as one list.
std::string with_commas(std::string text) {
    std::ranges::replace(text, '\n', ',');
    return text;
}

Result<Config> load_config(const AgentArguments& arguments) {
    Config config = default_config();
    if (arguments.config_option->count() > 0) {
        if (arguments.config_path.empty())
            return base::fail(base::ErrorCode::kInvalid, "--config: '' has an empty value");
        FAIRLEAD_TRY(const auto text, net::read_file(arguments.config_path));
        FAIRLEAD_TRY(config, parse_config(arguments.config_path, text));
    }
    std::vector<Override> overrides;
    for (const auto& [setting, option, text] : arguments.flags)
        if (option->count() > 0) overrides.push_back({setting, with_commas(text)});
    FAIRLEAD_TRY(config, apply_overrides(std::move(config), overrides));
    if (config.node_name.empty()) config.node_name = net::host_name();
    FAIRLEAD_CHECK(validate(config));
    return config;
}

/// Two writers of the same tables would undo each other's work for ever.
Result<net::NamespaceLock> lock_this_namespace() {
    auto lock = net::NamespaceLock::acquire("fairlead-agent");
    if (lock || lock.error().code != base::ErrorCode::kExists) return lock;
    return base::fail(base::ErrorCode::kExists,
                      "an agent is running in this network namespace (" + lock.error().message + ")");
}

Result<void> run_agent(const AgentArguments& arguments) {
    FAIRLEAD_TRY(auto config, load_config(arguments));
    if (arguments.check) {
        std::fputs(to_yaml(config).c_str(), stdout);
        return {};
    }
    FAIRLEAD_TRY(const auto lock, lock_this_namespace());
    // Nobody may read our log: that is no reason to die.
    std::signal(SIGPIPE, SIG_IGN);
    net::EventLoop loop;
    Agent agent{loop, std::move(config), [&arguments] { return load_config(arguments); }};
    FAIRLEAD_CHECK(agent.start());
    loop.run();
    return {};
}

/// As nft names it: "table ip6 fairlead".
std::string table_name(base::Family family) {
    return std::string("table ") + (family == base::Family::kIpv4 ? "ip " : "ip6 ") +
           std::string(services::kTableName);
}

Result<void> run_cleanup(bool force) {
    auto lock = lock_this_namespace();
    if (!lock && !force)
        return base::fail(lock.error().code, lock.error().message +
                                                 ": stop it first, it would put back what " +
                                                 "is removed (--force: remove all the same)");
    FAIRLEAD_TRY(auto tables, kernel::nftables::NetlinkNftTables::open());
    std::string removed;
    for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
        const auto found = tables.read_table(family, services::kTableName);
        // A table that cannot even be read is there and will go.
        if (!found || *found) removed += "removed " + table_name(family) + "\n";
    }
    FAIRLEAD_CHECK(services::remove_tables(tables));
    std::fputs(removed.empty() ? "nothing to remove: fairlead has no table here\n" : removed.c_str(), stdout);
    return {};
}

int status_of(const Result<void>& result) {
    if (result) return 0;
    base::log_error(result.error().message);
    return 1;
}

void add_agent(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand(
        "agent", "Run the node agent: Services from the API server or from manifests into nftables");
    auto arguments = std::make_shared<AgentArguments>();
    arguments->config_option = command
                                   ->add_option("--config", arguments->config_path,
                                                "read FILE, kind AgentConfiguration; flags go over it")
                                   ->type_name("FILE");
    command->add_flag("--check", arguments->check,
                      "print the configuration that would be used, and do nothing");
    arguments->flags.reserve(settings().size());  // options keep references to the texts
    for (const auto& setting : settings()) {
        auto& flag = arguments->flags.emplace_back(&setting);
        const std::string repeated = setting.list ? "; several with commas, or repeated" : "";
        auto* option =
            command->add_option(std::string(setting.flag), flag.text, std::string(setting.help) + repeated);
        option->type_name(std::string(setting.placeholder));
        // Not join(','): that would drop empty values without a word.
        if (setting.list) option->join();
        flag.option = option;
    }
    command->callback([arguments, &exit_status] { exit_status = status_of(run_agent(*arguments)); });
}

void add_cleanup(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand(
        "cleanup", "Remove every nftables object that fairlead made here, and nothing else");
    auto force = std::make_shared<bool>(false);
    command->add_flag("--force", *force, "even while an agent is running, which will put its tables back");
    command->callback([force, &exit_status] { exit_status = status_of(run_cleanup(*force)); });
}

}  // namespace

void add_commands(CLI::App& program, int& exit_status) {
    add_agent(program, exit_status);
    add_cleanup(program, exit_status);
}

}  // namespace fairlead::agent
