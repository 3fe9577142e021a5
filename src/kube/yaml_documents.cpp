#include "kube/yaml_documents.h"

#include <yaml-cpp/yaml.h>

#include <optional>
#include <regex>
#include <set>

#include "base/json.h"

namespace fairlead::kube {

namespace {

constexpr std::size_t kLargestJsonBytes = std::size_t{64} << 20U;  // aliases must not grow without end
constexpr int kDeepest = 64;

bool is_number(const std::string& text) {
    static const std::regex number{"-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?"};
    return !text.empty() && text.size() < 64 && std::regex_match(text, number);
}

std::string scalar_json(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return base::json_quote(text);
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return "null";
    if (text == "true" || text == "True" || text == "TRUE") return "true";
    if (text == "false" || text == "False" || text == "FALSE") return "false";
    return is_number(text) ? text : base::json_quote(text);
}

class JsonWriter {
  public:
    explicit JsonWriter(YamlDocument& document) : document_(document) {}

    /// The first thing that is wrong, if anything is.
    std::optional<YamlError> error;

    void write(const YAML::Node& node, const std::string& path, int depth) {
        if (error) return;
        if (depth > kDeepest || document_.json.size() > kLargestJsonBytes)
            return refuse(node, "is nested too deep or too large");
        document_.lines.emplace(path, line_of(node));
        if (node.IsMap())
            write_map(node, path, depth);
        else if (node.IsSequence())
            write_sequence(node, path, depth);
        else
            document_.json += node.IsScalar() ? scalar_json(node) : "null";
    }

  private:
    static unsigned line_of(const YAML::Node& node) {
        return static_cast<unsigned>(std::max(node.Mark().line, 0)) + 1;
    }

    void refuse(const YAML::Node& node, std::string reason) {
        if (!error) error = YamlError{line_of(node), std::move(reason)};
    }

    void write_map(const YAML::Node& node, const std::string& path, int depth) {
        std::set<std::string> seen;
        document_.json += '{';
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) return refuse(entry.first, "a field name must be text");
            const std::string& key = entry.first.Scalar();
            if (!seen.insert(key).second) return refuse(entry.first, "field '" + key + "' is there twice");
            if (seen.size() > 1) document_.json += ',';
            document_.json += base::json_quote(key) + ":";
            const std::string child = path.empty() ? key : path + "." + key;
            document_.lines.emplace(child, line_of(entry.first));
            write(entry.second, child, depth + 1);
        }
        document_.json += '}';
    }

    void write_sequence(const YAML::Node& node, const std::string& path, int depth) {
        std::size_t index = 0;
        document_.json += '[';
        for (const auto& item : node) {
            if (index > 0) document_.json += ',';
            write(item, path + "[" + std::to_string(index++) + "]", depth + 1);
        }
        document_.json += ']';
    }

    YamlDocument& document_;
};

std::vector<YAML::Node> load(std::string_view text) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    return YAML::LoadAll(std::string(text));
}

}  // namespace

unsigned YamlDocument::line_of(std::string field) const {
    for (;;) {
        if (const auto known = lines.find(field); known != lines.end()) return known->second;
        const auto end = field.find_last_of(".[");
        if (end == std::string::npos) return line;
        field.resize(end);
    }
}

std::expected<std::vector<YamlDocument>, YamlError> read_yaml(std::string_view text) {
    std::vector<YamlDocument> documents;
    try {
        for (const auto& node : load(text)) {
            if (!node.IsDefined() || node.IsNull()) continue;
            YamlDocument document;
            JsonWriter writer{document};
            writer.write(node, "", 0);
            if (writer.error) return std::unexpected(*writer.error);
            document.line = document.lines[""];
            documents.push_back(std::move(document));
        }
    } catch (const YAML::Exception& error) {
        return std::unexpected(YamlError{static_cast<unsigned>(std::max(error.mark.line, 0)) + 1, error.msg});
    }
    return documents;
}

}  // namespace fairlead::kube
