#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/corefile.h"

namespace fairlead::dns {

struct CorefileToken {
    std::string text;
    unsigned line = 0;    ///< where it begins, from 1
    bool quoted = false;  ///< a quoted brace is only a word
    bool first = false;   ///< of its line
};

/// Cuts a Corefile into words. Braces are words of their own when they stand alone between blanks. Values of
/// the environment are put in; the words are not cut anew then.
base::Result<std::vector<CorefileToken>> corefile_tokens(std::string_view file, std::string_view text,
                                                         const CorefileEnvironment& environment);

}  // namespace fairlead::dns
