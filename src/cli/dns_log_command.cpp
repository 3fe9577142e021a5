#include "cli/dns_log_command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "cli/agent_client.h"
#include "cli/agent_option.h"
#include "cli/conntrack_output.h"
#include "cli/dns_log_view.h"
#include "cli/service_selection.h"

namespace fairlead::cli {

namespace {

using base::Result;

constexpr auto kPause = std::chrono::milliseconds(500);

struct LogArguments {
    DnsLogQuestion question;
    std::size_t most = 0;  // 0: without end
    std::string output;
    std::string admin_address = kAdminAddress;
};

Result<void> follow(const LogArguments& arguments, const base::SocketAddress& agent,
                    const std::string& first_target) {
    DnsLogView view{arguments.output == "json"};
    std::size_t shown = 0;
    for (std::string target = first_target;;) {
        FAIRLEAD_TRY(const auto page, fetch_page(agent, target));
        const auto left = arguments.most == 0 ? SIZE_MAX : arguments.most - shown;
        FAIRLEAD_TRY(const auto part, view.next(page.body, left));
        print(part.text);
        if (part.dropped > 0)
            tell(std::to_string(part.dropped) + " queries were dropped: too many at a time");
        shown += part.queries;
        if (arguments.most != 0 && shown >= arguments.most) return {};
        target = "/dns-log?reader=" + std::to_string(part.reader);
        std::this_thread::sleep_for(kPause);
    }
}

void add_options(CLI::App& command, LogArguments& arguments) {
    auto& question = arguments.question;
    command.add_option("-n,--namespace", question.namespace_name, "queries of Pods of this namespace only")
        ->type_name("NAME")
        ->check(why_no_label);
    command
        .add_option("--pod", question.pod, "those of this Pod only, of namespace 'default' if none is given")
        ->type_name("POD");
    command.add_option("--code", question.code, "those that were answered so only: NXDOMAIN, SERVFAIL, ...")
        ->type_name("CODE");
    command.add_option("--name", question.name, "those for this name and for names below it only")
        ->type_name("NAME");
    command.add_option("--sample", question.sample, "one in NUMBER of these, drawn by chance")
        ->type_name("NUMBER")
        ->check(CLI::PositiveNumber.description(""));
    command.add_option("--number", arguments.most, "end after so many")
        ->type_name("NUMBER")
        ->check(CLI::PositiveNumber.description(""));
    command.add_option("-o,--output", arguments.output, "json: an object in each line")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json"}).description(""));
    add_admin_address(command, arguments.admin_address);
}

}  // namespace

void add_dns_log_command(CLI::App& dns, int& exit_status) {
    auto* command = dns.add_subcommand("log", "Follow the queries that the DNS server of this node answers");
    auto arguments = std::make_shared<LogArguments>();
    add_options(*command, *arguments);
    command->callback([arguments, &exit_status] {
        const auto agent = base::SocketAddress::parse(arguments->admin_address);
        if (!agent) throw CLI::ValidationError("log", agent.error().message);
        const auto target = dns_log_target(arguments->question);
        if (!target) throw CLI::ValidationError("log", target.error().message);
        exit_status = status_of(follow(*arguments, *agent, *target));
    });
    command->footer(
        "Examples:\n"
        "  fairlead dns log -n shop\n"
        "  fairlead dns log --pod web-1 -n shop --code NXDOMAIN\n"
        "  fairlead dns log --name example.com --sample 100 -o json");
}

}  // namespace fairlead::cli
