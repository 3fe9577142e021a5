#pragma once

#include <string>
#include <vector>

namespace fairlead::cli {

/// Texts in columns as kubectl prints them, over any number of calls: columns never get narrower.
class Columns {
  public:
    using Row = std::vector<std::string>;

    /// A line for each row; all rows have the same number of cells.
    std::string lines(const std::vector<Row>& rows);

  private:
    std::vector<std::size_t> widths_;
};

}  // namespace fairlead::cli
