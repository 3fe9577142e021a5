#include "cli/service_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "output/yaml.h"

namespace fairlead::cli {

using base::Result;

ServiceWatch::ServiceWatch(OutputFormat format, TableStyle style)
    : format_(format), table_({style.all_namespaces, format == OutputFormat::kWide, style.colour}) {}

ServiceWatch::Known ServiceWatch::by_key(std::vector<ServiceView> services) {
    Known known;
    for (auto& service : services)
        known.insert_or_assign(Key{service.namespace_name, service.name}, std::move(service));
    return known;
}

bool ServiceWatch::would_delete(const std::vector<ServiceView>& services) const {
    const auto now = by_key(services);
    return std::ranges::any_of(known_, [&](const auto& entry) { return !now.contains(entry.first); });
}

Result<std::string> ServiceWatch::update(std::vector<ServiceView> services) {
    auto now = by_key(std::move(services));
    std::vector<std::pair<std::string_view, ServiceView>> changes;
    for (const auto& [key, service] : now) {
        const auto before = known_.find(key);
        if (before == known_.end())
            changes.emplace_back("ADDED", service);
        else if (before->second != service)
            changes.emplace_back("MODIFIED", service);
    }
    for (auto& [key, service] : known_) {
        if (now.contains(key)) continue;
        service.deleted = true;
        changes.emplace_back("DELETED", std::move(service));
    }
    known_ = std::move(now);
    if (format_ == OutputFormat::kTable || format_ == OutputFormat::kWide) {
        std::vector<ServiceView> rows;
        rows.reserve(changes.size());
        for (auto& [type, service] : changes)
            rows.push_back(std::move(service));
        return table_.lines(rows);
    }
    std::string text;
    for (const auto& [type, service] : changes) {
        FAIRLEAD_TRY(const auto part, event(type, service));
        text += part;
    }
    return text;
}

Result<std::string> ServiceWatch::event(std::string_view type, const ServiceView& service) const {
    auto json = fmt::format(R"({{"type":"{}","object":{}}})", type, service_json(service));
    if (format_ == OutputFormat::kJson) return json + "\n";
    FAIRLEAD_TRY(const auto yaml, output::json_to_yaml(json));
    return "---\n" + yaml;
}

Result<void> run_watch(ServiceWatch& watch, const WatchSources& sources) {
    bool away = false;
    while (sources.pause()) {
        // After an absence it may be another agent, and the last list may not have been taken in.
        auto services = sources.poll(away);
        bool complete = services.has_value();
        // A list without what was there before is believed of an agent that knows everything only.
        if (complete && *services && watch.would_delete(**services))
            complete = sources.ready().value_or(false);
        if (!complete) {
            if (!std::exchange(away, true)) sources.tell("the agent does not answer; waiting for it");
            continue;
        }
        if (std::exchange(away, false)) sources.tell("the agent is back");
        if (!*services) continue;
        FAIRLEAD_TRY(const auto text, watch.update(*std::move(*services)));
        sources.print(text);
    }
    return {};
}

}  // namespace fairlead::cli
