#pragma once

// For .cpp files that link yaml-cpp.

#include <yaml-cpp/yaml.h>

#include <string_view>

namespace fairlead::kube {

/// The only document of a text; null if there is none. Throws YAML::Exception, also where something follows
/// the document that is no comment: YAML::Load passes over it, YAML::LoadAll may read a stray comma as
/// documents without end (yaml-cpp 0.7).
YAML::Node load_only_document(std::string_view text);

}  // namespace fairlead::kube
