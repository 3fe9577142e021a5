#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kube/decode_json.h"

/// Any text as an object, a watch event and a list.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fairlead::kube::JsonDecoder decoder;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static_cast<void>(decoder.decode_object(text));
    static_cast<void>(decoder.decode_watch_event(text));
    static_cast<void>(decoder.decode_list(text, "Service"));
    static_cast<void>(decoder.decode_list(text, "ServiceCIDR"));
    static_cast<void>(decoder.decode_list(text, "Pod"));
    static_cast<void>(decoder.split_list(text));
    static_cast<void>(decoder.decode_status(text));
    return 0;
}
