#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::output {

/// A JSON text (RFC 8259) as block-style YAML, for `-o yaml`. Strings keep JSON's quotes, so that no value
/// changes its type. kInvalid if `json` is none.
base::Result<std::string> json_to_yaml(std::string_view json);

}  // namespace fairlead::output
