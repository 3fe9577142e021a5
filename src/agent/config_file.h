#pragma once

#include <optional>
#include <string_view>

#include "agent/config.h"

namespace fairlead::agent {

/// `text` of the file called `file_name` over the defaults. Unknown fields, wrong types and impossible values
/// are refused with "FILE:LINE: FIELD: why".
base::Result<ConfigDraft> parse_config(std::string_view file_name, std::string_view text);

/// The log format that a file, ours or kube-proxy's, wants which is otherwise of no use, so that the
/// complaint about it has that form.
std::optional<base::LogFormat> log_format_in(std::string_view text);

}  // namespace fairlead::agent
