#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/config_file.h"
#include "agent/kube_proxy_config.h"

namespace {

void check(const fairlead::agent::Config& config) {
    if (!fairlead::agent::parse_config("g", fairlead::agent::to_yaml(config))) __builtin_trap();
}

}  // namespace

/// Any text as a configuration file, ours and kube-proxy's; what is accepted must survive being printed and
/// read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto config = fairlead::agent::parse_config("f", text)) check(config->config);
    if (const auto file = fairlead::agent::parse_kube_proxy_config("f", text)) check(file->draft.config);
    return 0;
}
