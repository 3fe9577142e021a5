#include "cli/columns.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::cli {

std::string Columns::lines(const std::vector<Row>& rows) {
    constexpr std::size_t kGap = 3;
    for (const auto& row : rows) {
        widths_.resize(std::max(widths_.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths_[i] = std::max(widths_[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            text += fmt::format("{:<{}}", row[i], widths_[i] + kGap);
        text += row.back() + "\n";
    }
    return text;
}

}  // namespace fairlead::cli
