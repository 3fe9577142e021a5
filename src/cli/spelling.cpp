#include "cli/spelling.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command_tree.h"

namespace fairlead::cli {

namespace {

/// Edits that make one word the other: the optimal string alignment distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            const bool same = a[i - 1] == b[j - 1];
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[a.size()][b.size()];
}

/// Calls `visit(command, word)` for each word up to "--", where `command` is the one that the words before
/// lead to; for words that name a command it is the one above.
template <class Visit>
void walk(const CLI::App& program, const std::vector<std::string>& words, Visit visit) {
    const CLI::App* command = &program;
    for (const auto& word : words) {
        if (word == "--") return;
        if (!visit(*command, word)) return;
        const auto* child = word.starts_with('-') ? nullptr : find_command(*command, word);
        if (child != nullptr) command = child;
    }
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Where the '=' stands in "-n=shop" or "-An=shop"; npos in any other word.
std::size_t short_equal_sign(std::string_view word) {
    if (word.size() < 3 || word[0] != '-' || !is_letter(word[1])) return std::string_view::npos;
    const auto at = word.find('=');
    if (at == std::string_view::npos) return at;
    return std::ranges::all_of(word.substr(1, at - 1), is_letter) ? at : std::string_view::npos;
}

void spell_out_short(const CLI::App& command, const std::string& word, std::size_t equal_sign,
                     std::vector<std::string>& out) {
    const auto value = word.substr(equal_sign + 1);
    const auto* option = command.get_option_no_throw(std::string("-") + word[equal_sign - 1]);
    const bool flag = option != nullptr && option->get_items_expected_max() == 0;
    if (flag && equal_sign == 2 && !option->get_lnames().empty()) {
        out.push_back("--" + option->get_lnames().front() + "=" + value);
        return;
    }
    out.push_back(word.substr(0, equal_sign) + value);
    if (value.empty()) out.emplace_back();
}

}  // namespace

std::vector<std::string> spell_out(const CLI::App& program, const std::vector<std::string>& words) {
    std::vector<std::string> out;
    walk(program, words, [&](const CLI::App& command, const std::string& word) {
        if (const auto at = short_equal_sign(word); at != std::string::npos)
            spell_out_short(command, word, at, out);
        else if (word.size() > 3 && word.starts_with("--") && word.find('=') == word.size() - 1)
            out.insert(out.end(), {word.substr(0, word.size() - 1), ""});
        else
            out.push_back(word);
        return true;
    });
    out.insert(out.end(), std::ranges::find(words, "--"), words.end());
    return out;
}

std::optional<UnknownCommand> find_unknown_command(const CLI::App& program,
                                                   const std::vector<std::string>& words) {
    std::optional<UnknownCommand> unknown;
    walk(program, words, [&](const CLI::App& command, const std::string& word) {
        const auto names = command_names(command);
        if (names.empty()) return false;
        if (word.starts_with('-') || find_command(command, word) != nullptr) return true;
        unknown = UnknownCommand{&command, "unknown command '" + word + "'" + did_you_mean(word, names)};
        return false;
    });
    return unknown;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
    constexpr std::size_t kMostEdits = 2;
    const auto closest =
        std::ranges::min_element(names, {}, [&](const std::string& name) { return distance(word, name); });
    if (closest == names.end()) return {};
    const auto edits = distance(word, *closest);
    if (edits > kMostEdits || 2 * edits > std::max(word.size(), closest->size())) return {};
    return "; did you mean '" + *closest + "'?";
}

}  // namespace fairlead::cli
