#include "agent/zpages.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "base/json.h"
#include "base/version.h"

namespace fairlead::agent {

namespace {

// Statusz.emulationVersion, <major>.<minor>; docs/kube-proxy-parity.md is about the same.
constexpr std::string_view kEmulatedKubernetes = "1.37";

std::string heading(std::string_view page) {
    return fmt::format(
        "\nfairlead {}\nWarning: this page is for people who look for a fault. Programs must not rely on its "
        "form.\n",
        page);
}

std::map<std::string, std::string> flags_of(const Config& config) {
    std::map<std::string, std::string> flags;
    for (const auto& setting : settings()) {
        auto name = setting.flag;
        name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
        flags[std::string(name)] = fmt::format("{}", fmt::join(setting.value.get(config), ","));
    }
    return flags;
}

long long whole_seconds_of(base::Duration up) {
    return std::chrono::duration_cast<std::chrono::seconds>(up).count();
}

std::string up_text(base::Duration up) {
    constexpr int kMinute = 60;
    constexpr int kHour = 60 * kMinute;
    const auto seconds = whole_seconds_of(up);
    return fmt::format("{} hr {:02} min {:02} sec", seconds / kHour, seconds % kHour / kMinute,
                       seconds % kMinute);
}

std::tm utc(base::WallTime time) {
    return fmt::gmtime(std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(time)));
}

/// "/metrics" for "/metrics/slis", as kube-proxy lists them.
std::set<std::string> first_parts(const std::vector<std::string>& paths) {
    std::set<std::string> parts;
    for (const auto& path : paths)
        parts.insert(path.substr(0, path.find('/', 1)));
    return parts;
}

}  // namespace

std::string flagz_text(const Config& config) {
    auto text = heading("flagz");
    for (const auto& [name, value] : flags_of(config))
        text.append(name).append("=").append(value).append("\n");
    return text;
}

std::string flagz_fields(const Config& config) {
    std::string flags;
    for (const auto& [name, value] : flags_of(config))
        flags += (flags.empty() ? "" : ",") + base::json_quote(name) + ":" + base::json_quote(value);
    return "\"flags\":{" + flags + "}";
}

std::string statusz_text(const StatuszFacts& facts) {
    return heading("statusz") + fmt::format(
                                    "\nStarted: {:%a %b %e %H:%M:%S UTC %Y}\nUp: {}\nGo version: none, this "
                                    "is C++\nBinary version: {}\n"
                                    "Emulation version: {}\nPaths: {}\n",
                                    utc(facts.started), up_text(facts.up), base::kVersion,
                                    kEmulatedKubernetes, fmt::join(first_parts(facts.paths), " "));
}

std::string statusz_fields(const StatuszFacts& facts) {
    std::string paths;
    for (const auto& path : first_parts(facts.paths))
        paths += (paths.empty() ? "" : ",") + base::json_quote(path);
    return fmt::format(R"("startTime":"{:%Y-%m-%dT%H:%M:%SZ}","uptimeSeconds":{},"goVersion":"",)"
                       R"("binaryVersion":"{}","emulationVersion":"{}","paths":[{}])",
                       utc(facts.started), whole_seconds_of(facts.up), base::kVersion, kEmulatedKubernetes,
                       paths);
}

}  // namespace fairlead::agent
