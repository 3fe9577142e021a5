#include "cli/print.h"

#include <cstdio>

namespace fairlead::cli {

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

}  // namespace fairlead::cli
