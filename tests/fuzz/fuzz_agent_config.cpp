#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/config_file.h"

/// Any text as a configuration file; what is accepted must survive being printed and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto config = fairlead::agent::parse_config("f", {reinterpret_cast<const char*>(data), size});
    if (config && !fairlead::agent::parse_config("g", fairlead::agent::to_yaml(config->config)))
        __builtin_trap();
    return 0;
}
