#include "cli/completion.h"

#include "base/assert.h"
#include "cli/command_tree.h"

namespace fairlead::cli {

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string text;
    for (const auto& word : words) {
        if (!text.empty()) text += separator;
        text += word;
    }
    return text;
}

std::string quoted_for_shell(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

/// What may follow a command: its subcommands, then its options.
std::vector<std::string> candidates(const CommandDescription& command) {
    auto words = command.subcommands;
    for (const auto& option : command.options)
        words.insert(words.end(), option.names.begin(), option.names.end());
    return words;
}

/// A bash function that finds the deepest command on the line and offers what may follow it.
std::string bash_script(const std::vector<CommandDescription>& commands) {
    std::string script =
        "_fairlead() {\n"
        "    local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" known=\"\" word\n"
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        case \"${path:+$path }$word\" in\n";
    for (const auto& command : commands)
        if (!command.path.empty())
            script += "            '" + joined(command.path, " ") + "') path=\"${path:+$path }$word\" ;;\n";
    script +=
        "        esac\n"
        "    done\n"
        "    case \"$path\" in\n";
    for (const auto& command : commands)
        script += "        '" + joined(command.path, " ") +
                  "') known=" + quoted_for_shell(joined(candidates(command), " ")) + " ;;\n";
    script +=
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$known\" -- \"$current\"))\n"
        "}\n"
        "complete -o default -F _fairlead fairlead\n";
    return script;
}

std::string zsh_script(const std::vector<CommandDescription>& commands) {
    return "#compdef fairlead\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(commands);
}

std::string fish_script(const std::vector<CommandDescription>& commands) {
    std::string script = "complete -c fairlead -f\n";
    for (const auto& command : commands) {
        const std::string condition = command.path.empty()
                                          ? "__fish_use_subcommand"
                                          : "__fish_seen_subcommand_from " + command.path.back();
        const std::string start = "complete -c fairlead -n " + quoted_for_shell(condition);
        for (const auto& name : command.subcommands)
            script += start + " -a " + quoted_for_shell(name) + "\n";
        for (const auto& option : command.options) {
            if (option.names.empty()) continue;
            script += start;
            for (const auto& name : option.names)
                script += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            script += " -d " + quoted_for_shell(option.help) + "\n";
        }
    }
    return script;
}

}  // namespace

std::string completion_script(const CLI::App& program, std::string_view shell) {
    const auto commands = describe_commands(program);
    if (shell == "bash") return bash_script(commands);
    if (shell == "zsh") return zsh_script(commands);
    FAIRLEAD_ASSERT(shell == "fish");
    return fish_script(commands);
}

}  // namespace fairlead::cli
