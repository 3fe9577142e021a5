#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kube/api_access.h"

/// Any text as a kubeconfig, a plugin's output and base64.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static_cast<void>(fairlead::kube::parse_kubeconfig("config", text, ""));
    static_cast<void>(fairlead::kube::parse_exec_credential(text));
    static_cast<void>(fairlead::kube::decode_base64(text));
    return 0;
}
