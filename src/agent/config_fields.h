#pragma once

// For the .cpp files of agent/ that read configuration files.

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::agent {

/// A field of a configuration file.
struct ConfigField {
    std::string path;  ///< "conntrack.min"
    YAML::Node value;
    YAML::Mark mark;  ///< of its name
};

/// Which kind of file is wanted, and what is in it.
struct ConfigSchema {
    std::string_view api_version;
    std::string_view kind;
    /// Whether fields with this path have fields of their own.
    std::function<bool(std::string_view path)> is_group;
};

/// The fields of the one document in `text`, those of groups with their paths, without apiVersion and kind,
/// which must be there. A group that is null has none. Refuses what is no YAML or JSON, another kind, and a
/// field that is there twice, with "FILE:LINE: FIELD: why".
base::Result<std::vector<ConfigField>> read_config_fields(std::string_view file_name, std::string_view text,
                                                          const ConfigSchema& schema);

/// "FILE:LINE".
std::string place_of(std::string_view file_name, const YAML::Mark& mark);

/// "FILE:LINE: FIELD: why".
std::unexpected<base::Error> refuse_field(std::string_view file_name, const YAML::Mark& mark,
                                          std::string_view field, std::string_view why);

/// The value of a scalar as JSON, as kubectl reads it; what is in quotes is text.
std::string scalar_json(const YAML::Node& scalar);

}  // namespace fairlead::agent
