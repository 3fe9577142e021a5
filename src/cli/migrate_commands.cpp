#include "cli/migrate_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

#include "cli/iptables_program.h"
#include "cli/node_state.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "migrate/nftables_rules.h"
#include "migrate/plan.h"
#include "net/namespace_lock.h"
#include "net/running_programs.h"
#include "output/yaml.h"
#include "services/layout.h"
#include "services/service_proxy.h"

namespace fairlead::cli {

namespace {

using base::ErrorCode;
using base::Result;
using kernel::nftables::NetlinkNftTables;
using migrate::Direction;
using migrate::Plan;

struct MigrateArguments {
    bool apply = false;
    bool back = false;
    bool accept_differences = false;
    int stop_pid = 0;
    unsigned wait_seconds = 0;
    std::string output;
    std::string admin_address = "127.0.0.1:10249";
};

/// One run of the command.
class Migration {
  public:
    Migration(const MigrateArguments& arguments, base::SocketAddress agent, NetlinkNftTables tables)
        : arguments_(arguments), agent_(agent), tables_(std::move(tables)) {}

    Result<void> run() {
        FAIRLEAD_CHECK(look());
        if (!arguments_.apply) return show();
        if (arguments_.stop_pid != 0) FAIRLEAD_CHECK(stop_kube_proxy());
        FAIRLEAD_CHECK(wait_until_clear());
        if (!plan_.complete()) FAIRLEAD_CHECK(arguments_.back ? remove_fairlead() : remove_kube_proxy());
        FAIRLEAD_CHECK(look());
        FAIRLEAD_CHECK(show());
        if (plan_.steps.back().state != migrate::StepState::kDone)
            return base::fail(ErrorCode::kBusy, "what was removed is there again: " + plan_.steps.back().why);
        return {};
    }

  private:
    Result<void> look() {
        FAIRLEAD_TRY(node_, look_at_node(tables_, agent_));
        plan_ = migrate::make_plan(node_.facts,
                                   arguments_.back ? Direction::kToKubeProxy : Direction::kToFairlead,
                                   arguments_.accept_differences);
        return {};
    }

    Result<void> show() const {
        std::string text = migrate::plan_text(plan_, node_.facts);
        if (!arguments_.output.empty()) text = migrate::plan_json(plan_, node_.facts) + "\n";
        if (arguments_.output == "yaml") {
            FAIRLEAD_TRY(text, output::json_to_yaml(text));
        }
        std::fputs(text.c_str(), stdout);
        return {};
    }

    /// Only what was found to be kube-proxy is ended, and only when all before that is done.
    Result<void> stop_kube_proxy() {
        const auto& processes = node_.facts.processes;
        if (std::ranges::find(processes, arguments_.stop_pid, &migrate::KubeProxyProcess::pid) ==
            processes.end())
            return base::fail(ErrorCode::kNotFound,
                              fmt::format("--stop: pid {} is no kube-proxy of this network namespace",
                                          arguments_.stop_pid));
        Plan before = plan_;
        before.steps.resize(2);
        if (const auto obstacle = before.obstacle(); !obstacle.empty())
            return base::fail(ErrorCode::kBusy, obstacle);
        FAIRLEAD_CHECK(net::stop_process(arguments_.stop_pid, std::chrono::seconds(30)));
        return look();
    }

    Result<void> wait_until_clear() {
        const auto deadline =
            std::chrono::steady_clock::now() + std::chrono::seconds(arguments_.wait_seconds);
        while (!plan_.obstacle().empty()) {
            if (std::chrono::steady_clock::now() >= deadline)
                return base::fail(ErrorCode::kBusy, "nothing was removed. " + plan_.obstacle());
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            FAIRLEAD_CHECK(look());
        }
        return {};
    }

    Result<void> remove_kube_proxy() {
        for (const auto& [kind, family, script] : node_.removals) {
            auto removed = kind == migrate::RulesKind::kNftables
                               ? migrate::remove_nftables_rules(tables_, family)
                               : restore_iptables(kind, family, script);
            if (!removed)
                return base::fail_within(
                    fmt::format("remove kube-proxy's {} rules of {}", name_of(kind), base::name_of(family)),
                    std::move(removed).error());
        }
        return {};
    }

    Result<void> remove_fairlead() {
        // No agent may start meanwhile.
        FAIRLEAD_TRY(const auto lock, net::NamespaceLock::acquire(services::kWriterLock));
        FAIRLEAD_CHECK(services::stop_translating(tables_));
        // Packets on their way have passed the first chains; what masquerades them must still be there.
        std::this_thread::sleep_for(std::chrono::seconds(1));
        return services::remove_tables(tables_);
    }

    const MigrateArguments& arguments_;
    base::SocketAddress agent_;
    NetlinkNftTables tables_;
    NodeState node_;
    Plan plan_;
};

Result<void> migrate_kube_proxy(const MigrateArguments& arguments) {
    FAIRLEAD_TRY(const auto agent, base::SocketAddress::parse(arguments.admin_address));
    FAIRLEAD_TRY(auto tables, NetlinkNftTables::open());
    return Migration{arguments, agent, std::move(tables)}.run();
}

}  // namespace

void add_migrate_commands(CLI::App& program, int& exit_status) {
    auto* group = program.add_subcommand("migrate", "Take over from another proxy, and give back");
    group->require_subcommand(1);
    auto* command = group->add_subcommand(
        "kube-proxy", "Show what moving this node from kube-proxy to fairlead takes; with --apply, do it");
    auto arguments = std::make_shared<MigrateArguments>();
    command->add_flag("--apply", arguments->apply,
                      "remove the rules of the one that goes, if nothing is in the way");
    command->add_flag("--back", arguments->back, "from fairlead to kube-proxy");
    command->add_option("--wait", arguments->wait_seconds, "how long --apply waits for what is in the way")
        ->type_name("SECONDS");
    command->add_option("--stop", arguments->stop_pid, "end this kube-proxy before its rules are removed")
        ->type_name("PID");
    command->add_flag("--accept-differences", arguments->accept_differences,
                      "go on although only the one that goes serves some connections");
    command->add_option("--admin-address", arguments->admin_address, "where the agent's admin page listens")
        ->type_name("ADDRESS:PORT")
        ->envname("FAIRLEAD_ADMIN_ADDRESS");
    command->add_option("-o,--output", arguments->output, "json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "yaml"}).description(""));
    command->footer(
        "Examples:\n"
        "  fairlead migrate kube-proxy                     what there is, and what is to do\n"
        "  fairlead migrate kube-proxy --apply --wait 60   once kube-proxy is stopped\n"
        "  fairlead migrate kube-proxy --back --apply      kube-proxy runs again, the agent is stopped");
    command->callback([arguments, &exit_status] {
        if (arguments->stop_pid != 0 && (!arguments->apply || arguments->back))
            throw CLI::ValidationError("--stop", "goes with --apply, and not with --back");
        const auto done = migrate_kube_proxy(*arguments);
        if (!done) std::fprintf(stderr, "fairlead: %s\n", done.error().message.c_str());
        exit_status = done ? 0 : 1;
    });
}

}  // namespace fairlead::cli
