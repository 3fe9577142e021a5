#include "cli/top_command.h"

#include <chrono>
#include <thread>

#include "cli/agent_client.h"
#include "output/yaml.h"

namespace fairlead::cli {

using base::Result;

namespace {

/// The first look that the agent takes `at_least` later than `before`; it takes one about every second, with
/// very many counters every minute.
Result<ConnectionsView> next_connections(const View& view, std::uint64_t before_ms,
                                         std::chrono::milliseconds at_least) {
    constexpr auto kPause = std::chrono::milliseconds(200);
    constexpr int kMostAttempts = 600;  // two minutes
    const auto wanted_ms = before_ms + static_cast<std::uint64_t>(at_least.count());
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
        FAIRLEAD_TRY(auto connections, fetch_connections(view));
        if (!connections.counting)
            return base::fail(base::ErrorCode::kUnavailable,
                              "the agent does not count connections: set connectionCounters to true");
        if (connections.read_at_ms >= wanted_ms && connections.read_at_ms > before_ms) return connections;
        std::this_thread::sleep_for(kPause);
    }
    return base::fail(base::ErrorCode::kUnavailable, "the agent has not read its counters for two minutes");
}

Result<std::string> top_text(const View& view, const ConnectionsView& before, const ConnectionsView& after) {
    constexpr double kMillisecondsPerSecond = 1000;
    const auto rates = rates_between(before, after);
    const double seconds = static_cast<double>(after.read_at_ms - before.read_at_ms) / kMillisecondsPerSecond;
    if (view.format == OutputFormat::kTable || view.format == OutputFormat::kWide)
        return top_table(rates, {view.selection.namespace_name.empty(), view.format == OutputFormat::kWide});
    const ServiceRate none{
        view.selection.namespace_name, view.single ? view.selection.names.front() : "", 0, 0, {}};
    const auto json =
        view.single ? top_json(rates.empty() ? none : rates.front(), seconds) : top_list_json(rates, seconds);
    if (view.format == OutputFormat::kJson) return json + "\n";
    FAIRLEAD_TRY(const auto yaml, output::json_to_yaml(json));
    return (view.watch ? "---\n" : "") + yaml;
}

}  // namespace

Result<ConnectionsView> fetch_connections(const View& view) {
    FAIRLEAD_TRY(const auto page, fetch_page(view.agent, view.selection.target("/connections")));
    FAIRLEAD_TRY(auto connections, parse_connections(page.body));
    std::erase_if(connections.services, [&](const ServiceConnections& service) {
        return !view.selection.matches(service.namespace_name, service.name);
    });
    return connections;
}

Result<void> run_top(const View& view, const std::function<void(std::string_view)>& print,
                     const std::function<void(std::string_view)>& tell) {
    constexpr auto kInterval = std::chrono::seconds(2);
    FAIRLEAD_TRY(auto before, next_connections(view, 0, {}));
    do {
        FAIRLEAD_TRY(auto after, next_connections(view, before.read_at_ms, kInterval));
        FAIRLEAD_TRY(const auto text, top_text(view, before, after));
        print(text);
        if (after.services.empty()) tell("no connections to Services " + view.selection.place());
        before = std::move(after);
    } while (view.watch);
    return {};
}

}  // namespace fairlead::cli
