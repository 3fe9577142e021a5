#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dns/corefile_config.h"

/// Any text as a Corefile, which also stands in each file that it names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const fairlead::dns::CorefileSources sources{
        {{"X", "value"}}, [&](std::string_view) -> fairlead::base::Result<std::string> { return text; }};
    static_cast<void>(fairlead::dns::read_corefile("Corefile", text, sources));
    return 0;
}
