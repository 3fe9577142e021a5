#include "cli/conntrack_check.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/json.h"
#include "cli/agent_option.h"
#include "output/yaml.h"

namespace fairlead::cli {

namespace {

using base::Result;
using conntrack::Finding;
using conntrack::Severity;

struct CheckArguments {
    unsigned seconds = 1;
    std::string output;
    std::string admin_address = kAdminAddress;
};

/// True if nothing hurts now.
Result<bool> run(const CheckArguments& arguments) {
    FAIRLEAD_TRY(const auto agent, base::SocketAddress::parse(arguments.admin_address));
    const auto [evidence, unknown] =
        gather_conntrack_evidence(agent, std::chrono::seconds(arguments.seconds));
    const auto findings = find_problems(evidence);
    auto text =
        arguments.output.empty() ? findings_text(findings, unknown) : findings_json(findings, unknown);
    if (arguments.output == "yaml") {
        FAIRLEAD_TRY(text, output::json_to_yaml(text));
    }
    std::fputs(text.c_str(), stdout);
    return std::ranges::none_of(findings,
                                [](const Finding& each) { return each.severity == Severity::kError; });
}

}  // namespace

std::string findings_text(std::span<const Finding> findings, std::span<const std::string> unknown) {
    std::string text;
    for (const auto& [name, severity, seen, why, cure] : findings)
        text += fmt::format("{} {}: {}\n  {}\n  Cure: {}\n", name_of(severity), name, seen, why, cure);
    if (findings.empty())
        text = "Nothing is wrong with connection tracking here, as far as it was looked at.\n";
    for (const auto& each : unknown)
        text += "Not known: " + each + "\n";
    return text;
}

std::string findings_json(std::span<const Finding> findings, std::span<const std::string> unknown) {
    std::string items;
    for (const auto& [name, severity, seen, why, cure] : findings)
        items += fmt::format(R"({}{{"name":"{}","severity":"{}","seen":{},"why":{},"cure":{}}})",
                             items.empty() ? "" : ",", name, name_of(severity), base::json_quote(seen),
                             base::json_quote(why), base::json_quote(cure));
    std::string not_known;
    for (const auto& each : unknown)
        not_known += (not_known.empty() ? "" : ",") + base::json_quote(each);
    return fmt::format(
               R"({{"apiVersion":"fairlead.status/v1alpha1","kind":"FindingList","items":[{}],"unknown":[{}]}})",
               items, not_known) +
           "\n";
}

void add_conntrack_check(CLI::App& conntrack, int& exit_status) {
    auto* command =
        conntrack.add_subcommand("check", "Say what is wrong with connection tracking on this node");
    auto arguments = std::make_shared<CheckArguments>();
    constexpr unsigned kLongestWatch = 3600;
    command
        ->add_option("--seconds", arguments->seconds,
                     "how long counters and settings are watched; 1 if not given")
        ->type_name("NUMBER")
        ->check(CLI::Range(0U, kLongestWatch).description(""));
    command->add_option("-o,--output", arguments->output, "json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "yaml"}).description(""));
    add_admin_address(*command, arguments->admin_address);
    command->callback([arguments, &exit_status] {
        const auto good = run(*arguments);
        if (!good) std::fprintf(stderr, "fairlead: %s\n", good.error().message.c_str());
        exit_status = good && *good ? 0 : 1;
    });
    command->footer(
        "Ends with status 1 if something hurts now, 0 otherwise.\n\n"
        "Examples:\n"
        "  fairlead conntrack check\n"
        "  fairlead conntrack check --seconds 10 -o json");
}

}  // namespace fairlead::cli
