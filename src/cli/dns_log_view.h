#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/columns.h"

namespace fairlead::cli {

/// What follows `fairlead dns log`; all may be empty.
struct DnsLogQuestion {
    std::string namespace_name;
    std::string pod;
    std::string code;
    std::string name;
    std::string sample;
};
/// Path and query of the agent's page for a new reader. Refuses what cannot be part of a query.
base::Result<std::string> dns_log_target(const DnsLogQuestion& question);

/// Pages /dns-log of one reader, one after the other, as lines.
class DnsLogView {
  public:
    struct Part {
        std::uint64_t reader = 0;   ///< to ask for the next page as
        std::size_t queries = 0;    ///< of `text`
        std::uint64_t dropped = 0;  ///< queries that the agent did not keep
        std::string text;
    };

    /// `json`: a JSON object in each line; else columns, with a heading before the first.
    explicit DnsLogView(bool json) : json_(json) {}

    /// The first `most` queries of the next page. kInvalid if it is none.
    base::Result<Part> next(std::string_view page, std::size_t most);

  private:
    bool json_;
    bool has_heading_ = false;
    Columns columns_;
};

}  // namespace fairlead::cli
