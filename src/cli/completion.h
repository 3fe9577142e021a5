#pragma once

#include <string_view>

namespace fairlead::cli {

/// A script that lets `shell`, "bash", "zsh" or "fish", complete fairlead's lines by asking the program:
/// `fairlead __complete -- WORD...` answers as completion_lines() has it.
std::string_view completion_script(std::string_view shell);

}  // namespace fairlead::cli
