#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "conntrack/flow_names.h"

namespace fairlead::cli {

/// Reads an agent's page /flow-names while it comes, in memory for the names and one Service at a time.
///
/// The page is one JSON document in lines: `{"services":[`, then each Service on a line of its own, all but
/// the last with a comma behind, then `]}`.
class FlowNamesReader {
  public:
    FlowNamesReader();
    FlowNamesReader(const FlowNamesReader&) = delete;
    FlowNamesReader& operator=(const FlowNamesReader&) = delete;
    ~FlowNamesReader();

    /// The next bytes of the page. After an error it only waits for finish().
    void take(std::string_view bytes);
    /// The names, once. kInvalid if it was no such page, or not to its end.
    base::Result<conntrack::FlowNames> finish();

  private:
    class Parser;
    void take_line(std::string_view line);

    enum class Place : unsigned char { kBefore, kServices, kAfter };
    Place place_ = Place::kBefore;
    std::string begun_;  // of the line that has not ended
    std::unique_ptr<Parser> parser_;
    conntrack::FlowNames names_;
    base::Result<void> outcome_;
};

}  // namespace fairlead::cli
