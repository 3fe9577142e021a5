#include "agent/zpages.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "base/version.h"

namespace fairlead::agent {

namespace {

std::string heading(std::string_view page) {
    return fmt::format(
        "\nfairlead {}\nWarning: this page is for people who look for a fault. Programs must not rely on its "
        "form.\n\n",
        page);
}

std::string up_text(base::Duration up) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(up).count();
    constexpr int kMinute = 60;
    constexpr int kHour = 60 * kMinute;
    return fmt::format("{} hr {:02} min {:02} sec", seconds / kHour, seconds % kHour / kMinute,
                       seconds % kMinute);
}

}  // namespace

std::string flagz_text(const Config& config) {
    std::vector<std::string> lines;
    for (const auto& setting : settings()) {
        auto name = setting.flag;
        name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
        lines.push_back(fmt::format("{}={}\n", name, fmt::join(setting.get(config), ",")));
    }
    std::ranges::sort(lines);
    return heading("flagz") + fmt::format("{}", fmt::join(lines, ""));
}

std::string statusz_text(const StatuszFacts& facts) {
    const auto started = std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(facts.started));
    return heading("statusz") + fmt::format(
                                    "Started: {:%a %b %d %H:%M:%S} UTC {:%Y}\nUp: {}\nBinary version: {}\n"
                                    "Paths: {}\n",
                                    fmt::gmtime(started), fmt::gmtime(started), up_text(facts.up),
                                    base::kVersion, fmt::join(facts.paths, " "));
}

}  // namespace fairlead::agent
