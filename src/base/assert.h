#pragma once

namespace fairlead::base {

/// Prints the failed condition with its place and aborts. For our own bugs only, never for outside input.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace fairlead::base

/// Always compiled in, also in release builds.
#define FAIRLEAD_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::fairlead::base::assertion_failed(#condition, __FILE__, __LINE__))
