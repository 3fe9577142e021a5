#include "agent/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>

#include "agent/agent.h"
#include "agent/agent_arguments.h"
#include "agent/api_client.h"
#include "agent/cleanup.h"
#include "base/log.h"
#include "net/files.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// What the agent needs beside its configuration to take objects from where it says; connects to nothing.
Result<void> check_source(const Config& config) {
    if (!config.manifests.empty()) {
        auto readable = net::check_directory(config.manifests);
        if (!readable) return base::fail_within("manifests", std::move(readable).error());
        return {};
    }
    net::EventLoop loop;
    FAIRLEAD_TRY(auto access, find_api_access(config));
    FAIRLEAD_TRY(const auto client, ApiClient::make(loop, std::move(access)));
    return {};
}

Result<void> check(const LoadedConfig& loaded) {
    FAIRLEAD_CHECK(check_source(loaded.config));
    std::fputs(to_yaml(loaded.config).c_str(), stdout);
    for (const auto& note : loaded.notes)
        std::fprintf(stderr, "fairlead: %s\n", note.c_str());
    return {};
}

/// Loads the configuration again and again; says once what of it is not as with kube-proxy.
class Loader {
  public:
    explicit Loader(const AgentArguments& arguments) : arguments_(arguments) {}

    Config announce(LoadedConfig loaded) {
        for (const auto& note : loaded.notes)
            if (std::ranges::find(said_, note) == said_.end())
                base::log_warning("not as kube-proxy would have it", {{"setting", note}});
        said_ = std::move(loaded.notes);
        return std::move(loaded.config);
    }

    Result<Config> reload() {
        FAIRLEAD_TRY(auto loaded, load_config(arguments_));
        return announce(std::move(loaded));
    }

  private:
    const AgentArguments& arguments_;
    std::vector<std::string> said_;
};

Result<void> run(const AgentArguments& arguments, LoadedConfig loaded) {
    FAIRLEAD_TRY(const auto lock, lock_this_namespace());
    // Nobody may read our log: that is no reason to die.
    std::signal(SIGPIPE, SIG_IGN);
    net::EventLoop loop;
    base::configure_log(loaded.config.log_level, loaded.config.log_format);
    Loader loader{arguments};
    Agent agent{loop, loader.announce(std::move(loaded)), [&loader] { return loader.reload(); }};
    FAIRLEAD_CHECK(agent.start());
    loop.run();
    return {};
}

/// The last word of a command that failed; its exit status.
int report(const base::Error& error, base::LogFormat format) {
    if (format == base::LogFormat::kJson) {
        base::configure_log(base::LogLevel::kInfo, format);
        base::log_error("failed", {{"error", error.message}});
    } else {
        std::fprintf(stderr, "fairlead: %s\n", error.message.c_str());
    }
    return 1;
}

int run_agent(const AgentArguments& arguments) {
    auto loaded = load_config(arguments);
    if (!loaded) return report(loaded.error(), wanted_log_format(arguments));
    const auto format = loaded->config.log_format;
    const auto done = arguments.check ? check(*loaded) : run(arguments, *std::move(loaded));
    return done ? 0 : report(done.error(), format);
}

int run_cleanup(bool force) {
    const auto removed = remove_everything(force);
    if (!removed) return report(removed.error(), base::LogFormat::kText);
    std::fputs(removed->c_str(), stdout);
    return 0;
}

void add_agent(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand(
        "agent", "Run the node agent: Services from the API server or from manifests into nftables");
    auto arguments = std::make_shared<AgentArguments>();
    add_options(*command, *arguments);
    command->callback([arguments, &exit_status] { exit_status = run_agent(*arguments); });
}

void add_cleanup(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand(
        "cleanup", "Remove every nftables object that fairlead made here, and nothing else");
    auto force = std::make_shared<bool>(false);
    command->add_flag("--force", *force, "even while an agent is running, which will put its tables back");
    command->callback([force, &exit_status] { exit_status = run_cleanup(*force); });
}

}  // namespace

void add_commands(CLI::App& program, int& exit_status) {
    add_agent(program, exit_status);
    add_cleanup(program, exit_status);
}

}  // namespace fairlead::agent
