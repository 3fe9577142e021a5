#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::kube {

/// One YAML document as JSON, with the line of each field so that an error can name it.
struct YamlDocument {
    std::string json;
    unsigned line = 1;                      ///< where the document begins
    std::map<std::string, unsigned> lines;  ///< field path ("spec.ports[0].port") to its line

    /// The line of a field, or of the nearest field above it that is there.
    [[nodiscard]] unsigned line_of(std::string field) const;
};

/// A YAML stream that cannot be read at all.
struct YamlError {
    unsigned line = 0;
    std::string reason;
};

/// The documents of a YAML or JSON text (JSON is YAML); empty ones are left out. Scalars mean what they mean
/// to kubectl: plain true, false, null and numbers are that, everything quoted is text. Aliases are expanded,
/// within limits.
std::expected<std::vector<YamlDocument>, YamlError> read_yaml(std::string_view text);

}  // namespace fairlead::kube
