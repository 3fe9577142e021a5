#pragma once

#include <string_view>
#include <vector>

namespace fairlead::kube {

/// One document of a YAML text, or what stands before the first.
struct YamlPart {
    std::string_view text;
    unsigned lines_before = 0;
};

/// Cuts a text before lines "---" and after lines "..." (YAML 1.2, sections 9.1.2 and 9.1.4), without reading
/// what is between; directives (%YAML 1.2) stay with the document that they are for. Parts may be blank.
std::vector<YamlPart> split_yaml(std::string_view text);

}  // namespace fairlead::kube
