#pragma once

#include <string>

#include "base/result.h"

namespace fairlead::lab {

struct UpOptions {
    std::string lab;
    std::string manifests;  ///< directory; empty: a built-in example
    unsigned node_count = 2;
    bool detach = false;
};

/// Runs a lab until SIGINT, SIGTERM or SIGHUP, and removes it. With `detach` it goes on in the background;
/// this returns once it is up.
base::Result<void> run_lab(const UpOptions& options);

/// This very binary, also after its file was replaced.
std::string own_program();

}  // namespace fairlead::lab
