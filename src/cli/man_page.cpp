#include "cli/man_page.h"

#include <algorithm>
#include <string_view>

#include "base/version.h"
#include "cli/command_tree.h"

namespace fairlead::cli {

namespace {

/// Escapes what roff would take as markup.
std::string roff(std::string_view text) {
    std::string escaped;
    if (text.starts_with('.') || text.starts_with('\'')) escaped += "\\&";
    for (const char c : text) {
        if (c == '\\')
            escaped += "\\e";
        else if (c == '-')
            escaped += "\\-";
        else
            escaped += c;
    }
    return escaped;
}

std::string entry(const std::string& head, std::string_view text) {
    return ".TP\n" + head + "\n" + roff(text) + "\n";
}

std::string option_entry(const OptionDescription& option) {
    std::string head;
    for (const auto& name : option.names) {
        if (!head.empty()) head += ", ";
        head += "\\fB" + roff(name) + "\\fR";
    }
    if (!option.placeholder.empty())
        head += (head.empty() ? "\\fI" : " \\fI") + roff(option.placeholder) + "\\fR" +
                (option.repeatable ? "..." : "");
    return entry(head, option.help);
}

std::string command_entry(const CommandDescription& command) {
    std::string name = "fairlead";
    for (const auto& word : command.path)
        name += " " + word;
    std::string text = ".SS " + roff(name) + "\n" + roff(command.summary) + "\n";
    for (const auto& option : command.options)
        text += option_entry(option);
    return text;
}

/// The lines of all commands' examples, as they are.
std::string examples(const std::vector<CommandDescription>& commands) {
    std::string text = ".SH EXAMPLES\n.nf\n";
    for (const auto& command : commands) {
        if (command.examples.empty()) continue;
        std::string_view rest = command.examples;
        while (!rest.empty()) {
            const auto end = std::min(rest.find('\n'), rest.size());
            text += roff(rest.substr(0, end)) + "\n";
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return text + ".fi\n";
}

std::string environment(const std::vector<CommandDescription>& commands) {
    std::string text =
        ".SH ENVIRONMENT\n" + entry("\\fBNO_COLOR\\fR", "Where it is set, no output is coloured.");
    std::string known;
    for (const auto& command : commands)
        for (const auto& option : command.options) {
            if (option.environment.empty() || known.contains(option.environment + " ")) continue;
            known += option.environment + " ";
            text += entry("\\fB" + option.environment + "\\fR",
                          "Stands in for " + option.names.back() + ": " + option.help + ".");
        }
    return text;
}

constexpr std::string_view kFiles = R"(.SH FILES
.TP
.I /run/fairlead\-lab/NAME
What a lab keeps while it is up, its logs among it.
.TP
.I /var/run/secrets/kubernetes.io/serviceaccount
Token and certificate authority of the in\-cluster account, which the agent uses where it is given neither kubeconfig nor manifests.
)";

constexpr std::string_view kSignals = R"(.SH SIGNALS
.TP
.B SIGHUP
The agent reads its configuration anew. One that is broken, or changes what needs a restart, is refused, and everything stays as it was. A lab ends.
.TP
.BR SIGTERM ", " SIGINT
The agent ends; the tables stay in the kernel, and connections with them. A lab ends and removes what it made.
)";

constexpr std::string_view kEnd = R"(.SH EXIT STATUS
0 when the command did its work, 1 when it failed, 2 when it was called wrongly.
.B fairlead lab exec
ends with the status of what it ran.
.SH SEE ALSO
.BR nft (8),
.BR kubectl (1),
.BR ip\-netns (8)
)";

}  // namespace

std::string man_page(const CLI::App& program) {
    const auto commands = describe_commands(program);
    std::string page =
        ".TH FAIRLEAD 8 \"\" \"fairlead " + std::string(base::kVersion) + "\" \"System administration\"\n";
    page += ".SH NAME\nfairlead \\- " + roff(commands.front().summary) + "\n";
    page += ".SH SYNOPSIS\n.B fairlead\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.SH COMMANDS\n";
    for (const auto& command : commands)
        if (!command.path.empty()) page += command_entry(command);
    return page + examples(commands) + environment(commands) + std::string(kFiles) + std::string(kSignals) +
           std::string(kEnd);
}

}  // namespace fairlead::cli
