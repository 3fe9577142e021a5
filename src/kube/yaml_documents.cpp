#include "kube/yaml_documents.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "base/json.h"
#include "kube/yaml_load.h"
#include "kube/yaml_scalar.h"
#include "kube/yaml_split.h"

namespace fairlead::kube {

namespace {

constexpr int kDeepest = 64;

unsigned line_of_mark(const YAML::Mark& mark) {
    return static_cast<unsigned>(std::max(mark.line, 0)) + 1;
}

unsigned line_of_node(const YAML::Node& node) {
    return line_of_mark(node.Mark());
}

/// Whether a scalar is text whatever it looks like: quoted, a block, or said to be.
bool is_text(const YAML::Node& node) {
    return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str";
}

std::string scalar_json(const YAML::Node& node) {
    return is_text(node) ? base::json_quote(node.Scalar()) : plain_scalar_json(node.Scalar());
}

bool is_merge_key(const YAML::Node& key) {
    return key.IsScalar() && !is_text(key) && key.Scalar() == "<<";
}

/// A field's name as JSON text with its quotes: numbers and booleans are names too.
std::string key_json(const YAML::Node& key) {
    auto json = scalar_json(key);
    return json.starts_with('"') ? json : base::json_quote(json);
}

/// Writes one document as JSON, and remembers the first thing that is wrong.
class JsonWriter {
  public:
    JsonWriter(YamlDocument& document, std::size_t largest_bytes, unsigned lines_before)
        : document_(document), largest_bytes_(largest_bytes), lines_before_(lines_before) {}

    void write(const YAML::Node& node, int depth) {
        const bool too_much = depth > kDeepest || document_.json.size() > largest_bytes_;
        if (too_much) refuse(node, "is nested too deep, or its aliases grow too large");
        if (too_much || !(node.IsMap() || node.IsSequence() || node.IsScalar()))
            document_.json += "null";
        else if (node.IsMap())
            write_map(node, depth);
        else if (node.IsSequence())
            write_sequence(node, depth);
        else
            document_.json += scalar_json(node);
    }

  private:
    using Seen = std::map<std::string, unsigned>;  // a field's name as JSON, and its line

    void refuse(const YAML::Node& node, std::string reason) {
        if (!document_.error) document_.error = YamlError{line_in_text(node), std::move(reason)};
    }

    void write_map(const YAML::Node& node, int depth) {
        Seen seen;
        document_.json += '{';
        for (const auto& [key, value] : pairs(node))
            if (!is_merge_key(key)) write_field(key, value, depth, seen, false);
        write_merged(node, depth, seen);
        document_.json += '}';
    }

    [[nodiscard]] unsigned line_in_text(const YAML::Node& node) const {
        return lines_before_ + line_of_node(node);
    }

    static std::vector<std::pair<YAML::Node, YAML::Node>> pairs(const YAML::Node& node) {
        std::vector<std::pair<YAML::Node, YAML::Node>> found;
        for (const auto& entry : node)
            found.emplace_back(entry.first, entry.second);
        return found;
    }

    /// What the maps under << have and the map has not itself (yaml.org/type/merge.html).
    void write_merged(const YAML::Node& node, int depth, Seen& seen) {
        if (depth > kDeepest) return refuse(node, "is nested too deep");
        for (const auto& [key, value] : pairs(node)) {
            if (!is_merge_key(key)) continue;
            if (value.IsMap()) {
                merge(value, depth, seen);
                continue;
            }
            if (!value.IsSequence()) refuse(key, "<< wants a map or a list of maps");
            for (const auto& map : value)
                map.IsMap() ? merge(map, depth, seen) : refuse(key, "<< wants a map or a list of maps");
        }
    }

    void merge(const YAML::Node& map, int depth, Seen& seen) {
        constexpr std::size_t kCostBytes = 64;
        merged_bytes_ += kCostBytes;
        if (merged_bytes_ + document_.json.size() > largest_bytes_)
            return refuse(map, "aliases grow too large");
        for (const auto& [key, value] : pairs(map))
            if (!is_merge_key(key)) write_field(key, value, depth, seen, true);
        write_merged(map, depth + 1, seen);
    }

    void write_field(const YAML::Node& key, const YAML::Node& value, int depth, Seen& seen, bool merged) {
        if (!key.IsScalar() || scalar_json(key) == "null") return refuse(key, "a field's name must be text");
        const auto name = key_json(key);
        const auto [first, added] = seen.try_emplace(name, line_in_text(key));
        if (!added) {
            if (!merged)
                refuse(key, "field '" + key.Scalar() + "' is there twice, first in line " +
                                std::to_string(first->second));
            return;
        }
        if (seen.size() > 1) document_.json += ',';
        document_.json += name + ":";
        write(value, depth + 1);
    }

    void write_sequence(const YAML::Node& node, int depth) {
        document_.json += '[';
        bool first = true;
        for (const auto& item : node) {
            if (!std::exchange(first, false)) document_.json += ',';
            write(item, depth + 1);
        }
        document_.json += ']';
    }

    YamlDocument& document_;
    std::size_t largest_bytes_;
    unsigned lines_before_;
    std::size_t merged_bytes_ = 0;  // maps that add no field make no JSON, but take their time
};

/// Walks down the document when it is asked: nearly no field is ever asked for.
class NodeLines : public YamlDocument::Lines {
  public:
    NodeLines(const YAML::Node& root, unsigned lines_before) : root_(root), lines_before_(lines_before) {}

    [[nodiscard]] unsigned line_of(std::string_view field) const override {
        unsigned line = line_of_node(root_);
        YAML::Node node = root_;
        while (!field.empty()) {
            const auto rest = step(node, field, line);
            if (!rest) break;
            field = *rest;
        }
        return lines_before_ + line;
    }

  private:
    /// Takes the first step of `field`, if it is there: what is left. Names may have dots in them, so the
    /// longest name that fits is the step.
    static std::optional<std::string_view> step(YAML::Node& node, std::string_view field, unsigned& line) {
        if (node.IsSequence()) return step_to_item(node, field, line);
        if (!node.IsMap()) return std::nullopt;
        std::optional<std::pair<YAML::Node, YAML::Node>> best;
        std::size_t length = 0;
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) continue;
            const auto& name = entry.first.Scalar();
            const bool fits =
                field.starts_with(name) &&
                (field.size() == name.size() || field[name.size()] == '.' || field[name.size()] == '[');
            if (!fits || (best && name.size() <= length)) continue;
            best.emplace(entry.first, entry.second);
            length = name.size();
        }
        if (!best) return std::nullopt;
        line = line_of_node(best->first);
        node.reset(best->second);
        field.remove_prefix(length);
        if (field.starts_with('.')) field.remove_prefix(1);
        return field;
    }

    static std::optional<std::string_view> step_to_item(YAML::Node& node, std::string_view field,
                                                        unsigned& line) {
        const auto end = field.find(']');
        std::size_t index = 0;
        if (!field.starts_with('[') || end == std::string_view::npos) return std::nullopt;
        const auto read = std::from_chars(field.data() + 1, field.data() + end, index);
        if (read.ec != std::errc{} || index >= node.size()) return std::nullopt;
        const YAML::Node item = node[index];
        line = line_of_node(item);
        node.reset(item);
        field.remove_prefix(end + 1);
        if (field.starts_with('.')) field.remove_prefix(1);
        return field;
    }

    YAML::Node root_;
    unsigned lines_before_;  // of the text, before the document
};

/// A JSON text is read as YAML only when a line is asked for: that takes a hundred times as long.
class JsonLines : public YamlDocument::Lines {
  public:
    JsonLines(std::string text, unsigned line) : text_(std::move(text)), line_(line) {}

    [[nodiscard]] unsigned line_of(std::string_view field) const override {
        try {
            return NodeLines{YAML::Load(text_), 0}.line_of(field);
        } catch (const YAML::Exception&) {
            return line_;
        }
    }
    [[nodiscard]] unsigned rough_line_of(std::string_view) const override { return line_; }

  private:
    std::string text_;
    unsigned line_;
};

// NOLINTNEXTLINE(misc-no-recursion): simdjson bounds the depth.
bool has_a_field_twice(simdjson::dom::element element) {
    if (simdjson::dom::array array; element.get(array) == simdjson::SUCCESS)
        return std::ranges::any_of(array.begin(), array.end(), has_a_field_twice);
    simdjson::dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return false;
    std::vector<std::string_view> names;
    for (const auto field : object) {
        names.push_back(field.key);
        if (has_a_field_twice(field.value)) return true;
    }
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
}

/// The document if the text is one JSON object in which nothing is wrong.
std::optional<YamlDocument> read_json(std::string_view text) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos || text[start] != '{') return std::nullopt;
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS || has_a_field_twice(root))
        return std::nullopt;
    YamlDocument document;
    document.json = text;
    document.line = static_cast<unsigned>(std::ranges::count(text.substr(0, start), '\n')) + 1;
    document.lines = std::make_shared<JsonLines>(document.json, document.line);
    return document;
}

YamlDocument read_document(const YAML::Node& node, std::size_t text_bytes, unsigned lines_before) {
    // No text grows more than sixfold by itself (control characters); aliases must not grow without end.
    constexpr std::size_t kGrowth = 8;
    constexpr std::size_t kAlwaysFine = std::size_t{1} << 20U;
    YamlDocument document;
    JsonWriter{document, text_bytes * kGrowth + kAlwaysFine, lines_before}.write(node, 0);
    document.line = lines_before + line_of_node(node);
    document.lines = std::make_shared<NodeLines>(node, lines_before);
    return document;
}

/// nullopt if it is empty.
std::optional<YamlDocument> read_part(const YamlPart& part, std::size_t text_bytes) {
    try {
        const auto node = load_only_document(part.text);
        if (!node.IsDefined() || node.IsNull()) return std::nullopt;
        return read_document(node, text_bytes, part.lines_before);
    } catch (const YAML::Exception& error) {
        const auto line = part.lines_before + line_of_mark(error.mark);
        return YamlDocument{"", line, YamlError{line, error.msg}, nullptr};
    }
}

}  // namespace

std::vector<YamlDocument> read_yaml(std::string_view text) {
    std::vector<YamlDocument> documents;
    read_yaml(text, [&](YamlDocument document) { documents.push_back(std::move(document)); });
    return documents;
}

void read_yaml(std::string_view text, const std::function<void(YamlDocument)>& take) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (auto json = read_json(text)) return take(*std::move(json));
    for (const YamlPart& part : split_yaml(text))
        if (auto document = read_part(part, text.size())) take(*std::move(document));
}

}  // namespace fairlead::kube
