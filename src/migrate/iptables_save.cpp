#include "migrate/iptables_save.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::migrate {

namespace {

using base::Result;

/// The text up to the next `separator`, which goes with it; all that is left if there is none.
std::string_view take(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto taken = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    return taken;
}

/// Words are separated by blanks; in double quotes blanks belong to the word, and a backslash takes the next
/// character as it is.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    bool quoted = false;
    bool in_word = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (!quoted && c == ' ') {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted && i + 1 < text.size())
            words.back() += text[++i];
        else
            words.back() += c;
    }
    return words;
}

/// ":NAME POLICY [packets:bytes]"; the policy of a chain that somebody made is "-".
Result<void> take_chain(IptablesTable& table, std::string_view line) {
    const auto words = split(line.substr(1));
    if (words.size() < 2) return base::fail(base::ErrorCode::kInvalid, "a chain without name or policy");
    if (words[1] == "-")
        table.chains.push_back(words[0]);
    else
        table.policies.emplace(words[0], words[1]);
    return {};
}

/// "[packets:bytes] -A CHAIN ...", the counts with `iptables-save -c` only.
Result<void> take_rule(IptablesTable& table, std::string_view line) {
    if (line.starts_with('[')) take(line, ' ');
    if (take(line, ' ') != "-A") return base::fail(base::ErrorCode::kInvalid, "neither a chain nor a rule");
    IptablesRule rule;
    rule.chain = take(line, ' ');
    rule.text = line;
    rule.words = split(line);
    if (rule.chain.empty()) return base::fail(base::ErrorCode::kInvalid, "a rule without chain");
    table.rules.push_back(std::move(rule));
    return {};
}

Result<void> take_line(std::vector<IptablesTable>& tables, bool& open, std::string_view line) {
    if (line.starts_with('*') && !open) {
        tables.emplace_back().name = line.substr(1);
        open = true;
        return {};
    }
    if (!open) return base::fail(base::ErrorCode::kInvalid, "not inside of a table");
    if (line == "COMMIT") {
        open = false;
        return {};
    }
    return line.starts_with(':') ? take_chain(tables.back(), line) : take_rule(tables.back(), line);
}

}  // namespace

std::string_view IptablesRule::after(std::string_view option) const {
    const auto found = std::ranges::find(words, option);
    return found == words.end() || found + 1 == words.end() ? std::string_view{} : *(found + 1);
}

bool IptablesRule::has(std::string_view word) const {
    return std::ranges::find(words, word) != words.end();
}

std::string_view IptablesRule::target() const {
    const auto jump = after("-j");
    return jump.empty() ? after("-g") : jump;
}

bool IptablesRule::negates(std::string_view option) const {
    const auto found = std::ranges::find(words, option);
    return found != words.end() && found != words.begin() && *(found - 1) == "!";
}

Result<std::vector<IptablesTable>> parse_iptables_save(std::string_view text) {
    std::vector<IptablesTable> tables;
    bool open = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto line = take(text, '\n');
        if (line.empty() || line.starts_with('#')) continue;
        if (auto taken = take_line(tables, open, line); !taken)
            return base::fail_within(fmt::format("iptables-save, line {}", number), std::move(taken).error());
    }
    // What was cut off in the middle must not pass for all there is.
    if (open)
        return base::fail(base::ErrorCode::kInvalid,
                          "iptables-save: the last table does not end with COMMIT");
    return tables;
}

}  // namespace fairlead::migrate
