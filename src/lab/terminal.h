#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::lab {

/// How to write for whom.
struct Style {
    bool colour = false;   ///< standard output is a terminal, and NO_COLOR is not set
    bool unicode = false;  ///< the locale is UTF-8
};
Style style_of_stdout();

/// `text` in bold, or in a colour of the 16 (ECMA-48 SGR), where the style has colours.
std::string bold(const Style& style, std::string_view text);
std::string coloured(const Style& style, int sgr, std::string_view text);
inline constexpr int kRed = 31;
inline constexpr int kGreen = 32;

/// Writes a line to standard output, at once.
void say(const std::string& line);

/// Columns as wide as their widest cell, two blanks between them; numbers stand to the right in every column
/// but the first. The first row is the head.
std::string render_table(const std::vector<std::vector<std::string>>& rows);

/// Writes render_table() to standard output.
void say_table(const std::vector<std::vector<std::string>>& rows);

/// Columns that `text` takes in a terminal, for text of Latin letters, symbols and blocks in UTF-8.
std::size_t columns_of(std::string_view text);

}  // namespace fairlead::lab
