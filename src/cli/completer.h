#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_tree.h"

namespace fairlead::cli {

/// Options on the line and their values, by the long name: {"--namespace", "shop"}; flags have an empty one.
using OptionValues = std::map<std::string, std::string, std::less<>>;

/// Makes the values that can stand for a placeholder, in view of the options that the line has already.
using ValueSource = std::function<std::vector<std::string>(const OptionValues& options)>;
using ValueSources = std::map<std::string, ValueSource, std::less<>>;

struct Candidate {
    std::string word;
    std::string help;  ///< may be empty

    friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// What may stand in place of the last word of a line.
struct Completion {
    enum class Paths { kNone, kFiles, kFolders };

    std::vector<Candidate> candidates;
    Paths paths = Paths::kNone;  ///< the shell also offers these
};

/// `words` follow the program's name; the last one is being completed and may be empty. Values come from
/// `sources`, from help texts that list them ("wide, json or yaml"), or are paths (FILE, DIR).
Completion complete(const std::vector<CommandDescription>& commands, const ValueSources& sources,
                    std::vector<std::string> words);

/// A line for each candidate, word and help with a tab between them; ":files" or ":folders" in a last one.
std::string completion_lines(const Completion& completion);

/// The words of a help text that is nothing but a list: "text or json", "wide, json or yaml".
std::vector<std::string> listed_words(std::string_view help);

}  // namespace fairlead::cli
