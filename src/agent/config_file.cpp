#include "agent/config_file.h"

#include <algorithm>
#include <array>

#include "agent/config_fields.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// What is wrong with a field: where in the file, which item of a list ("[1]"), and why.
struct FieldProblem {
    YAML::Mark mark;
    std::string item;
    std::string why;
};
using Checked = std::expected<void, FieldProblem>;

/// Most settings are text: `123` and `true` without quotes are a number and a boolean there, probably a slip.
Checked check_type(const Setting& setting, const YAML::Node& node, const std::string& item) {
    const auto refuse = [&](std::string why) {
        return std::unexpected(FieldProblem{node.Mark(), item, std::move(why)});
    };
    if (!node.IsScalar()) return refuse(item.empty() ? "wants one value" : "wants a plain value");
    const auto json = scalar_json(node);
    if (setting.value.kind == ValueKind::kBoolean) {
        if (json != "true" && json != "false") return refuse("wants true or false, without quotes");
        return {};
    }
    if (setting.value.kind == ValueKind::kNumber) {
        if (json.find_first_not_of("-0123456789") != std::string::npos)
            return refuse("wants a whole number, without quotes");
        return {};
    }
    if (setting.value.kind == ValueKind::kWord) return {};
    const auto& text = node.Scalar();
    constexpr std::array<std::string_view, 3> kTextTags = {"?", "!", "tag:yaml.org,2002:str"};
    if (std::ranges::find(kTextTags, node.Tag()) == kTextTags.end() || !json.starts_with('"'))
        return refuse("wants text: put '" + text + "' in quotes");
    if (text.empty()) return refuse("is empty");
    return {};
}

Checked set_value(Config& config, const Setting& setting, const YAML::Node& node, const std::string& item) {
    if (auto checked = check_type(setting, node, item); !checked) return checked;
    const std::array value{setting.is_plain() ? scalar_json(node) : node.Scalar()};
    if (const auto set = setting.value.set(config, value); !set)
        return std::unexpected(FieldProblem{node.Mark(), item, set.error().message});
    return {};
}

Checked set_list(Config& config, const Setting& setting, const YAML::Node& node) {
    if (!node.IsSequence()) return std::unexpected(FieldProblem{node.Mark(), "", "wants a list"});
    std::vector<std::string> values;
    for (const auto& item : node) {
        Config scratch;
        if (auto alone = set_value(scratch, setting, item, "[" + std::to_string(values.size()) + "]"); !alone)
            return alone;
        values.push_back(item.Scalar());
    }
    if (const auto set = setting.value.set(config, values); !set)
        return std::unexpected(FieldProblem{node.Mark(), "", set.error().message});
    return {};
}

Result<void> set_field(ConfigDraft& draft, std::string_view file_name, const ConfigField& field) {
    const auto setting = std::ranges::find(settings(), field.path, &Setting::field);
    if (setting == settings().end()) return refuse_field(file_name, field.mark, field.path, "no such field");
    draft.origins[setting->field] = place_of(file_name, field.mark);
    const auto set = setting->is_list() ? set_list(draft.config, *setting, field.value)
                                        : set_value(draft.config, *setting, field.value, "");
    if (set) return {};
    const auto& problem = set.error();
    // What is nothing has no place of its own.
    const bool placed = !problem.mark.is_null() && !field.value.IsNull();
    return refuse_field(file_name, placed ? problem.mark : field.mark, field.path + problem.item,
                        problem.why);
}

bool is_group(std::string_view path) {
    const auto fields_of_it = std::string(path) + ".";
    return std::ranges::any_of(settings(),
                               [&](const auto& one) { return one.field.starts_with(fields_of_it); });
}

}  // namespace

Result<ConfigDraft> parse_config(std::string_view file_name, std::string_view text) {
    FAIRLEAD_TRY(const auto fields,
                 read_config_fields(file_name, text, {kConfigApiVersion, kConfigKind, is_group}));
    ConfigDraft draft{default_config(), {}};
    for (const auto& field : fields)
        FAIRLEAD_CHECK(set_field(draft, file_name, field));
    return draft;
}

std::optional<base::LogFormat> log_format_in(std::string_view text) {
    try {
        const auto document = YAML::Load(std::string(text));
        if (!document.IsMap()) return std::nullopt;
        const auto logging = document["logging"];
        const auto value = logging && logging.IsMap() ? logging["format"] : document["logFormat"];
        if (!value || !value.IsScalar()) return std::nullopt;
        const auto format = base::parse_log_format(value.Scalar());
        return format ? std::optional{*format} : std::nullopt;
    } catch (const YAML::Exception&) {
        return std::nullopt;
    }
}

}  // namespace fairlead::agent
