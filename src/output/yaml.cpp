#include "output/yaml.h"

#include <simdjson.h>

#include "base/json.h"

namespace fairlead::output {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

void write_yaml(element value, const std::string& indent, std::string& out);

bool is_empty(element container) {
    return (container.is_object() ? object(container).size() : array(container).size()) == 0;
}

/// A scalar or an empty container on the same line, else the container on the next lines.
void write_yaml_value(element value, const std::string& indent, std::string& out) {
    const bool container = value.is_object() || value.is_array();
    if (!container || is_empty(value)) {
        out += " " + std::string(simdjson::to_string(value)) + "\n";
        return;
    }
    out += "\n";
    write_yaml(value, indent, out);
}

/// A key of letters and digits as it is, any other in quotes.
std::string yaml_key(std::string_view key) {
    const bool plain =
        key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
            std::string_view::npos &&
        !key.empty();
    return plain ? std::string(key) : base::json_quote(key);
}

void write_yaml(element value, const std::string& indent, std::string& out) {
    if (value.is_object()) {
        for (const auto field : object(value)) {
            out.append(indent).append(yaml_key(field.key)) += ":";
            write_yaml_value(field.value, indent + "  ", out);
        }
    } else if (value.is_array()) {
        for (const element item : array(value)) {
            std::string nested;
            write_yaml_value(item, indent + "  ", nested);
            // The first field of an object stands behind the dash.
            const bool block = nested.starts_with('\n');
            out.append(indent) += block ? "- " + nested.substr(1 + indent.size() + 2) : "-" + nested;
        }
    } else {
        out += std::string(simdjson::to_string(value)) + "\n";
    }
}

}  // namespace

base::Result<std::string> json_to_yaml(std::string_view json) {
    simdjson::dom::parser parser;
    element value;
    if (parser.parse(json.data(), json.size()).get(value))
        return base::fail(base::ErrorCode::kInvalid, "no JSON");
    std::string yaml;
    write_yaml(value, "", yaml);
    return yaml;
}

}  // namespace fairlead::output
