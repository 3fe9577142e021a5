#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace fairlead::cli {

/// A script that completes commands and option names of `program` in `shell`: "bash", "zsh" or "fish".
std::string completion_script(const CLI::App& program, std::string_view shell);

}  // namespace fairlead::cli
