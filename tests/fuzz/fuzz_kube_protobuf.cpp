#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kube/decode_protobuf.h"

/// Any bytes as an object, a frame of a watch, a list and a status.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    static_cast<void>(fairlead::kube::decode_protobuf_object(bytes));
    static_cast<void>(fairlead::kube::decode_protobuf_watch_event(bytes));
    static_cast<void>(fairlead::kube::decode_protobuf_list(bytes, "Service"));
    static_cast<void>(fairlead::kube::decode_protobuf_list(bytes, "EndpointSlice"));
    static_cast<void>(fairlead::kube::decode_protobuf_list(bytes, "ServiceCIDR"));
    static_cast<void>(fairlead::kube::decode_protobuf_list(bytes, "Pod"));
    static_cast<void>(fairlead::kube::decode_protobuf_status(bytes));
    return 0;
}
