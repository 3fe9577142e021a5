#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace fairlead::base {

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "fairlead: assertion failed: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace fairlead::base
