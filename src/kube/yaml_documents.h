#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::kube {

/// What is wrong in a YAML text, and where.
struct YamlError {
    unsigned line = 0;
    std::string reason;
};

/// One YAML document as JSON.
struct YamlDocument {
    std::string json;
    unsigned line = 1;  ///< where the document begins
    /// The first thing that has no meaning in JSON or two meanings (a field that is there twice). `json` has
    /// the rest, enough to tell which object it is; it is empty if the document is no YAML at all.
    std::optional<YamlError> error;

    /// Where fields are; outlives the text.
    class Lines {
      public:
        virtual ~Lines() = default;
        /// The line of a field ("spec.ports[0].port"), or of the nearest one above it that is there.
        [[nodiscard]] virtual unsigned line_of(std::string_view field) const = 0;
        /// The same where that costs nothing, else the document's.
        [[nodiscard]] virtual unsigned rough_line_of(std::string_view field) const { return line_of(field); }
    };
    std::shared_ptr<const Lines> lines;
};

/// The documents of a YAML or JSON text; empty ones are left out. Scalars mean what they mean to kubectl
/// (yaml_scalar.h), everything quoted is text. Aliases and merge keys (<<) are expanded, within limits.
/// Documents are told apart by their lines "---" before any is read: one that is no YAML costs no other.
std::vector<YamlDocument> read_yaml(std::string_view text);
/// The same, one by one: a document takes fifty times the memory of its text for as long as it is held.
void read_yaml(std::string_view text, const std::function<void(YamlDocument)>& take);

}  // namespace fairlead::kube
