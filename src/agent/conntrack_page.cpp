#include "agent/conntrack_page.h"

#include <fmt/format.h>

#include "base/json.h"

namespace fairlead::agent {

namespace {

std::string counters_json(const conntrack::TableWatch& watch) {
    std::string text;
    for (std::size_t i = 0; i < conntrack::kCounterCount; ++i)
        if (const auto& total = watch.totals().at(i))
            text +=
                fmt::format(R"({}"{}":{{"total":{},"perSecond":{:.4g}}})", text.empty() ? "" : ",",
                            kernel::conntrack::kCpuCounters.at(i).name, *total, watch.rates().per_second(i));
    return "{" + text + "}";
}

std::string reading_json(const conntrack::TableWatch& watch) {
    std::string text = fmt::format(R"(,"used":{},"peak":{},"level":"{}","dropping":{})", watch.used(),
                                   watch.peak(), name_of(watch.level()), watch.dropping());
    if (const auto max = watch.max()) text += fmt::format(R"(,"max":{})", *max);
    if (const auto percent = watch.used_percent()) text += fmt::format(R"(,"usedPercent":{:.4g})", *percent);
    if (const auto time = watch.until_full())
        text += fmt::format(R"(,"secondsUntilFull":{})",
                            std::chrono::duration_cast<std::chrono::seconds>(*time).count());
    return text + R"(,"counters":)" + counters_json(watch);
}

}  // namespace

std::string conntrack_json(const conntrack::TableWatch& watch, const std::string& error, bool any_reading) {
    return fmt::format(R"({{"watching":{}{}{}}})", error.empty(),
                       error.empty() ? "" : R"(,"error":)" + base::json_quote(error),
                       any_reading ? reading_json(watch) : "") +
           "\n";
}

}  // namespace fairlead::agent
