#include "cli/man_page.h"

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

std::string option_entry(const OptionDescription& option) {
    std::string head;
    for (const auto& name : option.names) {
        if (!head.empty()) head += ", ";
        head += "\\fB" + roff(name) + "\\fR";
    }
    if (!option.placeholder.empty())
        head += (head.empty() ? "\\fI" : " \\fI") + roff(option.placeholder) + "\\fR";
    return ".TP\n" + head + "\n" + roff(option.help) + "\n";
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

}  // namespace

std::string man_page(const CLI::App& program) {
    const auto commands = describe_commands(program);
    std::string page =
        ".TH FAIRLEAD 8 \"\" \"fairlead " + std::string(base::kVersion) + "\" \"System administration\"\n";
    page += ".SH NAME\nfairlead \\- " + roff(commands.front().summary) + "\n";
    page += ".SH SYNOPSIS\n.B fairlead\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.SH COMMANDS\n";
    for (const auto& command : commands)
        if (!command.path.empty()) page += command_entry(command);
    page +=
        ".SH EXIT STATUS\n0 when the command did its work, 1 when it failed, 2 when it was called wrongly.\n";
    return page;
}

}  // namespace fairlead::cli
