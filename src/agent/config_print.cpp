#include "agent/config.h"
#include "base/json.h"

namespace fairlead::agent {

namespace {

/// "conntrack" of "conntrack.min"; empty for a field of the first level.
std::string_view group_of(std::string_view field) {
    const auto dot = field.find('.');
    return dot == std::string_view::npos ? std::string_view{} : field.substr(0, dot);
}

std::string json_value(const Setting& setting, const std::vector<std::string>& values) {
    if (setting.is_plain()) return values.front();
    if (!setting.is_list()) return base::json_quote(values.front());
    std::string list;
    for (const auto& value : values)
        list += (list.empty() ? "" : ",") + base::json_quote(value);
    return "[" + list + "]";
}

}  // namespace

std::string to_yaml(const Config& config) {
    std::string text =
        "apiVersion: " + std::string(kConfigApiVersion) + "\nkind: " + std::string(kConfigKind) + "\n";
    std::string_view open_group;
    for (const auto& setting : settings()) {
        const auto values = setting.value.get(config);
        if (values.empty()) continue;
        const auto group = group_of(setting.field);
        if (group != open_group && !group.empty()) text += std::string(group) + ":\n";
        open_group = group;
        const std::string indent = group.empty() ? "" : "  ";
        text += indent + std::string(setting.field.substr(group.empty() ? 0 : group.size() + 1)) + ":";
        if (!setting.is_list())
            text += " " + (setting.is_plain() ? values.front() : base::json_quote(values.front()));
        for (std::size_t i = 0; setting.is_list() && i < values.size(); ++i)
            text += "\n" + indent + "- " + base::json_quote(values[i]);
        text += "\n";
    }
    return text;
}

std::string to_json(const Config& config) {
    std::string text = "{\"apiVersion\":" + base::json_quote(kConfigApiVersion) +
                       ",\"kind\":" + base::json_quote(kConfigKind);
    std::string_view open_group;
    for (const auto& setting : settings()) {
        const auto values = setting.value.get(config);
        if (values.empty()) continue;
        const auto group = group_of(setting.field);
        if (!open_group.empty() && group != open_group) text += "}";
        text += ",";
        if (!group.empty() && group != open_group) text += base::json_quote(group) + ":{";
        open_group = group;
        const auto name = setting.field.substr(group.empty() ? 0 : group.size() + 1);
        text += base::json_quote(name) + ":" + json_value(setting, values);
    }
    return text + (open_group.empty() ? "}" : "}}");
}

}  // namespace fairlead::agent
