#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/service_table.h"
#include "cli/service_view.h"

namespace fairlead::cli {

enum class OutputFormat { kTable, kWide, kJson, kYaml };

/// Follows a list of Services and says what changed from one look at it to the next.
class ServiceWatch {
  public:
    /// `style.wide` follows from `format`.
    ServiceWatch(OutputFormat format, TableStyle style);

    /// What to print now that the Services are these: a table's lines, or for JSON and YAML an event
    /// {"type": ADDED, MODIFIED or DELETED, "object": the Service} for each change. Those that are gone come
    /// as they were.
    base::Result<std::string> update(std::vector<ServiceView> services);

    /// Whether one of those that were there is not among these.
    [[nodiscard]] bool would_delete(const std::vector<ServiceView>& services) const;

  private:
    using Key = std::pair<std::string, std::string>;
    using Known = std::map<Key, ServiceView>;
    static Known by_key(std::vector<ServiceView> services);
    [[nodiscard]] base::Result<std::string> event(std::string_view type, const ServiceView& service) const;

    OutputFormat format_;
    ServiceTable table_;
    Known known_;
};

/// How run_watch reaches the world.
struct WatchSources {
    /// The Services now; nullopt, but never if asked `afresh`: the same as last time.
    std::function<base::Result<std::optional<std::vector<ServiceView>>>(bool afresh)> poll;
    /// Whether the agent knows all Services; before that what it does not list may still come.
    std::function<base::Result<bool>()> ready;
    /// Waits a little; false ends the watch.
    std::function<bool()> pause;
    std::function<void(std::string_view)> print;  ///< for standard output
    std::function<void(std::string_view)> tell;   ///< a line for people, without line end
};

/// Prints what changes, through absences and restarts of the agent, until `pause` ends it.
base::Result<void> run_watch(ServiceWatch& watch, const WatchSources& sources);

}  // namespace fairlead::cli
