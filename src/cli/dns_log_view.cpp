#include "cli/dns_log_view.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "cli/json_fields.h"
#include "cli/page_target.h"

namespace fairlead::cli {

namespace {

using simdjson::dom::element;

constexpr double kMillisecondsPerSecond = 1000;

std::string time_text(element query) {
    double seconds = 0;
    if (query["seconds"].get(seconds)) return "-";
    return fmt::format("{:.2f} ms", seconds * kMillisecondsPerSecond);
}

Columns::Row logged_row(element query) {
    const auto pod = json::text(query, "pod");
    return {json::text(query, "time"),       pod.empty() ? json::text(query, "source") : pod,
            json::text(query, "name"),       json::text(query, "type"),
            json::text(query, "code"),       std::to_string(json::number(query, "answers")),
            json::text(query, "answeredBy"), time_text(query)};
}

}  // namespace

base::Result<std::string> dns_log_target(const DnsLogQuestion& question) {
    auto pod = question.namespace_name;
    if (!question.pod.empty()) pod = (pod.empty() ? "default" : pod) + "/" + question.pod;
    return page_target(
        "/dns-log",
        {{"pod", pod}, {"code", question.code}, {"name", question.name}, {"sample", question.sample}});
}

base::Result<DnsLogView::Part> DnsLogView::next(std::string_view page, std::size_t most) {
    simdjson::dom::parser parser;
    element log;
    Part part;
    if (parser.parse(page.data(), page.size()).get(log) || log["reader"].get(part.reader))
        return base::fail(base::ErrorCode::kInvalid, "the agent answered with something that is no log");
    part.dropped = json::number(log, "dropped");
    std::vector<Columns::Row> rows;
    if (!json_ && !std::exchange(has_heading_, true))
        rows.push_back({"TIME", "CLIENT", "NAME", "TYPE", "CODE", "RECORDS", "ANSWERED BY", "TOOK"});
    json::each(log, "queries", [&](element query) {
        if (part.queries == most) return;
        ++part.queries;
        if (json_)
            part.text += simdjson::minify(query) + "\n";
        else
            rows.push_back(logged_row(query));
    });
    if (!rows.empty()) part.text = columns_.lines(rows);
    return part;
}

}  // namespace fairlead::cli
