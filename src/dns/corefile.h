#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::dns {

/// A line of a server block, with what is between the braces behind it: a plugin, or an option of one.
struct CorefileDirective {
    std::string name;
    std::vector<std::string> arguments;
    std::vector<CorefileDirective> block;
    unsigned line = 0;  ///< counts from 1

    friend bool operator==(const CorefileDirective&, const CorefileDirective&) = default;
};

/// What is served under some keys: zones, perhaps with scheme and port, as they stand in the file.
struct CorefileServer {
    std::vector<std::string> keys;
    std::vector<CorefileDirective> plugins;
    unsigned line = 0;

    friend bool operator==(const CorefileServer&, const CorefileServer&) = default;
};

using CorefileEnvironment = std::map<std::string, std::string, std::less<>>;

/// The server blocks of a Corefile (CoreDNS, whose grammar is that of the first version of the Caddyfile):
/// words, "quoted words", # comments, {$NAME} and {%NAME%} for values of `environment`, one block without
/// braces, snippets "(name) { ... }" and "import name" of a snippet. kInvalid begins with "file:line:"; also
/// for an import of a file, and for a value that `environment` has not.
base::Result<std::vector<CorefileServer>> parse_corefile(std::string_view file, std::string_view text,
                                                         const CorefileEnvironment& environment);

}  // namespace fairlead::dns
