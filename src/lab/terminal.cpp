#include "lab/terminal.h"

#include <fmt/format.h>
#include <unistd.h>
#include <cstdio>

#include <algorithm>
#include <cctype>

#include "net/files.h"

namespace fairlead::lab {

namespace {

bool locale_is_utf8() {
    for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        auto value = net::environment(name);
        if (value.empty()) continue;
        std::ranges::transform(value, value.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
    return false;
}

/// "12", "1,000", "4.5 ms"; not "10.0.0.1" nor "80/TCP".
bool is_number(const std::string& cell) {
    return !cell.empty() && std::isdigit(static_cast<unsigned char>(cell[0])) != 0 &&
           std::ranges::count(cell, '.') <= 1 && cell.find_first_of(":/") == std::string::npos;
}

std::string padded(const std::string& cell, std::size_t width, bool right) {
    const std::string blanks(width - std::min(width, columns_of(cell)), ' ');
    return right ? blanks + cell : cell + blanks;
}

}  // namespace

void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

Style style_of_stdout() {
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    return {terminal && net::environment("NO_COLOR").empty(), locale_is_utf8()};
}

std::string bold(const Style& style, std::string_view text) {
    return coloured(style, 1, text);
}

std::string coloured(const Style& style, int sgr, std::string_view text) {
    return style.colour ? fmt::format("\033[{}m{}\033[0m", sgr, text) : std::string(text);
}

std::size_t columns_of(std::string_view text) {
    constexpr unsigned char kContinuationMask = 0xc0;
    constexpr unsigned char kContinuation = 0x80;
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](unsigned char c) { return (c & kContinuationMask) != kContinuation; }));
}

std::string render_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    std::vector<bool> numeric;
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (std::size_t c = 0; c < rows[r].size(); ++c) {
            if (c == widths.size()) {
                widths.push_back(0);
                numeric.push_back(c > 0);
            }
            widths[c] = std::max(widths[c], columns_of(rows[r][c]));
            if (r > 0 && !rows[r][c].empty() && !is_number(rows[r][c])) numeric[c] = false;
        }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t c = 0; c < row.size(); ++c)
            line += padded(row[c], widths[c], numeric[c]) + "  ";
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

void say_table(const std::vector<std::vector<std::string>>& rows) {
    std::fputs(render_table(rows).c_str(), stdout);
}

}  // namespace fairlead::lab
