#include "cli/trace_view.h"

#include <fmt/format.h>

#include <utility>

#include "cli/json_fields.h"
#include "cli/page_target.h"

namespace fairlead::cli {

namespace {

using simdjson::dom::element;

constexpr int kTraceLabelWidth = 16;

std::string trace_line(std::string_view label, std::string_view text) {
    return fmt::format("{:<{}}{}\n", label, kTraceLabelWidth, text);
}

std::string element_line(element item) {
    const bool found = json::flag(item, "found");
    return fmt::format("  {} {:<18} {}\n", found ? "+" : "-", "@" + json::text(item, "set"),
                       json::text(item, "element"));
}

std::string endpoint_line(element item) {
    return fmt::format("    -> {} {}{}\n", json::text(item, "endpoint"), json::text(item, "why"),
                       json::flag(item, "masqueraded") ? ", sees an address of this node" : "");
}

std::string step_text(element step) {
    auto text = trace_line(json::text(step, "topic") + ":", json::text(step, "says"));
    json::each(step, "elements", [&](element item) { text += element_line(item); });
    const auto drift = json::text(step, "drift");
    if (!drift.empty()) text += "  ! the kernel differs: " + drift + "\n";
    return text;
}

std::string packet_text(element packet) {
    const auto address = json::text(packet, "destination");
    const auto interface = json::text(packet, "interface");
    return fmt::format("{} -> {}:{}/{}{}", json::text(packet, "source"),
                       address.contains(':') ? "[" + address + "]" : address, json::number(packet, "port"),
                       json::text(packet, "protocol"), interface.empty() ? "" : " by " + interface);
}

}  // namespace

base::Result<TraceView> trace_view(std::string_view page) {
    simdjson::dom::parser parser;
    element trace;
    if (parser.parse(page.data(), page.size()).get(trace) || json::text(trace, "kind") != "Trace")
        return base::fail(base::ErrorCode::kInvalid, "the agent answered with something that is no trace");
    TraceView view;
    element packet;
    if (trace["packet"].get(packet) == simdjson::SUCCESS)
        view.text = trace_line("Packet:", packet_text(packet));
    json::each(trace, "steps", [&](element step) { view.text += step_text(step); });
    std::string endpoints;
    json::each(trace, "endpoints", [&](element item) { endpoints += endpoint_line(item); });
    const auto drift = json::flag(trace, "drift") ? " (the kernel differs from what the agent wants)" : "";
    view.text += trace_line("Verdict:", json::text(trace, "verdict") + drift) + endpoints;
    const auto fate = json::text(trace, "fate");
    view.gets_there = fate == "endpoint" || fate == "untouched";
    return view;
}

base::Result<std::string> trace_target(const TraceQuestion& question) {
    const auto refuse = [](const std::string& why) { return base::fail(base::ErrorCode::kInvalid, why); };
    const auto colon = question.destination.rfind(':');
    if (colon == std::string::npos || colon == 0)
        return refuse("destination '" + question.destination + "' is not SERVICE:PORT or ADDRESS:PORT");
    auto host = question.destination.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const auto port = question.destination.substr(colon + 1);
    for (const auto& [name, value] :
         {std::pair{"source", question.source}, {"port", port}, {"namespace", question.namespace_name}})
        if (value.empty()) return refuse(fmt::format("{} '' is none", name));
    return page_target("/trace", {{"source", question.source},
                                  {"destination", host},
                                  {"port", port},
                                  {"namespace", question.namespace_name},
                                  {"protocol", question.protocol},
                                  {"interface", question.interface}});
}

}  // namespace fairlead::cli
