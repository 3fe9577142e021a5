#include "cli/dns_walk_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cli/columns.h"
#include "cli/json_fields.h"
#include "cli/page_target.h"

namespace fairlead::cli {

namespace {

using simdjson::dom::element;

constexpr double kMicrosecondsPerMillisecond = 1000;

std::string head_text(element walk) {
    const auto pod = json::text(walk, "pod");
    auto text =
        fmt::format("{} as {} with {}, ndots {}\n", json::text(walk, "name"),
                    pod.empty() ? "this node" : fmt::format("Pod {} ({})", pod, json::text(walk, "source")),
                    json::text(walk, "libc"), json::number(walk, "ndots"));
    const auto search = json::texts(walk, "search");
    if (!search.empty()) text += fmt::format("search {}\n", fmt::join(search, " "));
    json::each(walk, "remarks", [&](element remark) {
        std::string_view sentence;
        if (remark.get(sentence) == simdjson::SUCCESS) text += fmt::format("! {}\n", sentence);
    });
    return text;
}

std::string records_text(element query) {
    std::string text;
    json::each(query, "records", [&](element record) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", json::text(record, "type"),
                            json::text(record, "data"));
    });
    return text.empty() ? "-" : text;
}

/// The least of its records: how long the client may keep the answer.
std::string ttl_text(element query) {
    std::vector<std::uint64_t> ttls;
    json::each(query, "records", [&](element record) { ttls.push_back(json::number(record, "ttl")); });
    return ttls.empty() ? "-" : std::to_string(*std::ranges::min_element(ttls));
}

Columns::Row walked_row(element query) {
    return {std::to_string(json::number(query, "step")),
            json::text(query, "name"),
            json::text(query, "type"),
            json::text(query, "answeredBy") + (json::flag(query, "tcp") ? " (TCP)" : ""),
            json::text(query, "code"),
            ttl_text(query),
            fmt::format("{:.2f} ms", static_cast<double>(json::number(query, "microseconds")) /
                                         kMicrosecondsPerMillisecond),
            records_text(query)};
}

}  // namespace

base::Result<DnsWalkView> dns_walk_view(std::string_view json) {
    simdjson::dom::parser parser;
    element walk;
    if (parser.parse(json.data(), json.size()).get(walk) || json::text(walk, "kind") != "DnsWalk")
        return base::fail(base::ErrorCode::kInvalid, "the agent answered with something that is no lookup");
    std::vector<Columns::Row> rows = {
        {"STEP", "NAME", "TYPE", "ANSWERED BY", "CODE", "TTL", "TIME", "RECORDS"}};
    json::each(walk, "queries", [&](element query) { rows.push_back(walked_row(query)); });
    const auto result = json::text(walk, "result");
    const auto queries = rows.size() - 1;
    return DnsWalkView{
        head_text(walk) + "\n" + Columns{}.lines(rows) +
            fmt::format("\n{}, after {} {}\n", result, queries, queries == 1 ? "query" : "queries"),
        result == "found"};
}

base::Result<std::string> dns_walk_target(const DnsWalkQuestion& question) {
    return page_target("/dns-query", {{"name", question.name},
                                      {"pod", question.pod},
                                      {"namespace", question.namespace_name},
                                      {"type", question.type},
                                      {"libc", question.libc}});
}

}  // namespace fairlead::cli
