#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// The words after the program's name, with the forms that kubectl takes and CLI11 does not written out:
/// "-n=shop" becomes "-nshop", "-A=true" the long option, and "--name=" an option and an empty word. What
/// follows "--" stays.
std::vector<std::string> spell_out(const CLI::App& program, const std::vector<std::string>& words);

/// A word that stands where a command has to, and is none.
struct UnknownCommand {
    const CLI::App* above = nullptr;  ///< the command that has no such command below it
    std::string message;
};
std::optional<UnknownCommand> find_unknown_command(const CLI::App& program,
                                                   const std::vector<std::string>& words);

/// "; did you mean 'NAME'?" for the closest of `names` if one is close to `word`, else nothing. Close: half
/// the letters are right, and at most two are missing, superfluous, wrong, or in each other's place.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

}  // namespace fairlead::cli
