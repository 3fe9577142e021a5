#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// fairlead(8) in man(7) markup, from the descriptions that --help prints.
std::string man_page(const CLI::App& program);

}  // namespace fairlead::cli
