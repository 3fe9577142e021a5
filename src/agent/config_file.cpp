#include "agent/config_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <map>

#include "kube/yaml_scalar.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

/// What is wrong with a field: where in the file, which item of a list ("[1]"), and why.
struct FieldProblem {
    YAML::Mark mark;
    std::string item;
    std::string why;
};
using Checked = std::expected<void, FieldProblem>;

std::string place(std::string_view file_name, const YAML::Mark& mark) {
    return std::string(file_name) + ":" + std::to_string(mark.line + 1);
}

/// Most settings are text: `123` and `true` without quotes are a number and a boolean there, probably a slip.
Checked check_type(const Setting& setting, const YAML::Node& node, const std::string& item) {
    const auto refuse = [&](std::string why) {
        return std::unexpected(FieldProblem{node.Mark(), item, std::move(why)});
    };
    if (!node.IsScalar()) return refuse(item.empty() ? "wants one value" : "wants a plain value");
    const auto& text = node.Scalar();
    const bool plain = node.Tag() == "?";
    if (setting.boolean) {
        const auto json = plain ? kube::plain_scalar_json(text) : "";
        if (json != "true" && json != "false") return refuse("wants true or false, without quotes");
        return {};
    }
    const bool quoted = node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str";
    if (!quoted && !(plain && kube::plain_scalar_json(text).starts_with('"')))
        return refuse("wants text: put '" + text + "' in quotes");
    if (text.empty()) return refuse("is empty");
    return {};
}

Checked set_value(Config& config, const Setting& setting, const YAML::Node& node, const std::string& item) {
    if (auto checked = check_type(setting, node, item); !checked) return checked;
    const std::array value{setting.boolean ? kube::plain_scalar_json(node.Scalar()) : node.Scalar()};
    if (const auto set = setting.set(config, value); !set)
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
    if (const auto set = setting.set(config, values); !set)
        return std::unexpected(FieldProblem{node.Mark(), "", set.error().message});
    return {};
}

Checked check_header(std::string_view field, const YAML::Node& value, std::string_view wanted) {
    if (value.IsScalar() && value.Scalar() == wanted) return {};
    return std::unexpected(
        FieldProblem{value.Mark(), "", "wants '" + std::string(wanted) + "' as " + std::string(field)});
}

Checked set_field(ConfigDraft& draft, std::string_view file_name, const YAML::Node& key,
                  const YAML::Node& value) {
    const std::string& field = key.Scalar();
    if (field == "apiVersion") return check_header(field, value, kConfigApiVersion);
    if (field == "kind") return check_header(field, value, kConfigKind);
    const auto setting = std::ranges::find(settings(), field, &Setting::field);
    if (setting == settings().end()) return std::unexpected(FieldProblem{key.Mark(), "", "no such field"});
    draft.origins[setting->field] = place(file_name, key.Mark());
    return setting->list ? set_list(draft.config, *setting, value)
                         : set_value(draft.config, *setting, value, "");
}

Result<ConfigDraft> parse_document(std::string_view file_name, const YAML::Node& document) {
    const auto refuse = [&](const YAML::Mark& mark, std::string_view field, const std::string& why) {
        const std::string field_part = field.empty() ? "" : std::string(field) + ": ";
        return base::fail(ErrorCode::kInvalid, place(file_name, mark) + ": " + field_part + why);
    };
    if (!document.IsMap())
        return refuse(document.Mark(), "", "wants fields of kind " + std::string(kConfigKind));
    ConfigDraft draft{default_config(), {}};
    std::map<std::string, int> first_lines;
    for (const auto& entry : document) {
        const auto& key = entry.first;
        if (!key.IsScalar()) return refuse(key.Mark(), "", "a field name must be plain text");
        const auto [known, added] = first_lines.try_emplace(key.Scalar(), key.Mark().line + 1);
        if (!added)
            return refuse(key.Mark(), key.Scalar(),
                          "is there twice, first in line " + std::to_string(known->second));
        if (const auto set = set_field(draft, file_name, key, entry.second); !set)
            return refuse(set.error().mark.is_null() ? key.Mark() : set.error().mark,
                          key.Scalar() + set.error().item, set.error().why);
    }
    for (const std::string_view header : {"apiVersion", "kind"})
        if (!first_lines.contains(std::string(header))) return refuse(document.Mark(), header, "is missing");
    return draft;
}

}  // namespace

Result<ConfigDraft> parse_config(std::string_view file_name, std::string_view text) {
    try {
        const auto documents = YAML::LoadAll(std::string(text));
        if (documents.size() != 1)
            return base::fail(ErrorCode::kInvalid,
                              std::string(file_name) + ": holds " + std::to_string(documents.size()) +
                                  " documents, wants one of kind " + std::string(kConfigKind));
        return parse_document(file_name, documents.front());
    } catch (const YAML::Exception& error) {
        return base::fail(ErrorCode::kInvalid, place(file_name, error.mark) + ": " + error.msg);
    }
}

std::optional<base::LogFormat> log_format_in(std::string_view text) {
    try {
        const auto document = YAML::Load(std::string(text));
        if (!document.IsMap() || !document["logFormat"] || !document["logFormat"].IsScalar())
            return std::nullopt;
        const auto format = base::parse_log_format(document["logFormat"].Scalar());
        return format ? std::optional{*format} : std::nullopt;
    } catch (const YAML::Exception&) {
        return std::nullopt;
    }
}

}  // namespace fairlead::agent
