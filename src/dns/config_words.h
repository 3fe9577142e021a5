#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace fairlead::dns {

/// Words of a line, up to one that begins with "#" or ";": a comment.
std::vector<std::string_view> words_of(std::string_view line);

/// "90", "30s", "1m30s", "1.5h", "500ms", as Go writes durations (time.ParseDuration), a bare number in
/// seconds; nullopt for anything else, for negative ones and for more than ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Calls `visit(std::string_view)` for each line, without "\n" and "\r\n".
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        visit(line);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

}  // namespace fairlead::dns
