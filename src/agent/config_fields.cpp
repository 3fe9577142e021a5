#include "agent/config_fields.h"

#include <map>
#include <utility>

#include "base/json.h"
#include "kube/yaml_load.h"
#include "kube/yaml_scalar.h"
#include "kube/yaml_split.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

struct Reading {
    std::string_view file_name;
    const ConfigSchema& schema;
    std::vector<ConfigField> fields;
};

/// Takes the fields of `map` in, `prefix` before their names.
Result<void> read_map(Reading& reading, const std::string& prefix, const YAML::Node& map) {
    std::map<std::string, int> first_lines;
    for (const auto& entry : map) {
        const auto& key = entry.first;
        if (!key.IsScalar())
            return refuse_field(reading.file_name, key.Mark(), "", "a field name must be plain text");
        const std::string path = prefix + key.Scalar();
        const auto [known, added] = first_lines.try_emplace(key.Scalar(), key.Mark().line + 1);
        if (!added)
            return refuse_field(reading.file_name, key.Mark(), path,
                                "is there twice, first in line " + std::to_string(known->second));
        if (key.Scalar().contains('.'))  // no name has one, and paths are made with it
            return refuse_field(reading.file_name, key.Mark(), path, "no such field");
        if (path == "apiVersion" || path == "kind") continue;
        if (!reading.schema.is_group(path)) {
            reading.fields.push_back({path, entry.second, key.Mark()});
            continue;
        }
        if (entry.second.IsNull()) continue;
        if (!entry.second.IsMap()) return refuse_field(reading.file_name, key.Mark(), path, "wants fields");
        FAIRLEAD_CHECK(read_map(reading, path + ".", entry.second));
    }
    return {};
}

Result<void> check_header(std::string_view file_name, const YAML::Node& document, const char* field,
                          std::string_view wanted) {
    const auto value = document[field];
    if (!value) return refuse_field(file_name, document.Mark(), field, "is missing");
    if (value.IsScalar() && value.Scalar() == wanted) return {};
    return refuse_field(file_name, value.Mark(), field, "wants '" + std::string(wanted) + "'");
}

Result<std::vector<ConfigField>> read_document(std::string_view file_name, const YAML::Node& document,
                                               const ConfigSchema& schema) {
    if (!document.IsMap())
        return refuse_field(file_name, document.Mark(), "",
                            "wants fields of kind " + std::string(schema.kind));
    FAIRLEAD_CHECK(check_header(file_name, document, "apiVersion", schema.api_version));
    FAIRLEAD_CHECK(check_header(file_name, document, "kind", schema.kind));
    Reading reading{file_name, schema, {}};
    FAIRLEAD_CHECK(read_map(reading, "", document));
    return std::move(reading.fields);
}

/// Those that are not empty, with the marks that they have in the whole text.
std::vector<YAML::Node> documents_in(std::string_view text) {
    std::vector<YAML::Node> documents;
    for (const auto& part : kube::split_yaml(text)) {
        auto document =
            kube::load_only_document(std::string(part.lines_before, '\n') + std::string(part.text));
        if (!document.IsNull()) documents.push_back(std::move(document));
    }
    return documents;
}

}  // namespace

Result<std::vector<ConfigField>> read_config_fields(std::string_view file_name, std::string_view text,
                                                    const ConfigSchema& schema) {
    try {
        const auto documents = documents_in(text);
        if (documents.size() != 1)
            return base::fail(ErrorCode::kInvalid,
                              std::string(file_name) + ": holds " + std::to_string(documents.size()) +
                                  " documents, wants one of kind " + std::string(schema.kind));
        return read_document(file_name, documents.front(), schema);
    } catch (const YAML::Exception& error) {
        return base::fail(ErrorCode::kInvalid, place_of(file_name, error.mark) + ": " + error.msg);
    }
}

std::string place_of(std::string_view file_name, const YAML::Mark& mark) {
    return std::string(file_name) + ":" + std::to_string(mark.line + 1);
}

std::unexpected<base::Error> refuse_field(std::string_view file_name, const YAML::Mark& mark,
                                          std::string_view field, std::string_view why) {
    std::string message = place_of(file_name, mark) + ": ";
    if (!field.empty()) message += std::string(field) + ": ";
    return base::fail(ErrorCode::kInvalid, message + std::string(why));
}

std::string scalar_json(const YAML::Node& scalar) {
    return scalar.Tag() == "?" ? kube::plain_scalar_json(scalar.Scalar()) : base::json_quote(scalar.Scalar());
}

}  // namespace fairlead::agent
