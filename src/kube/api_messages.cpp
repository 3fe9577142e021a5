#include "kube/api_messages.h"

namespace fairlead::kube {

std::string DecodeError::to_string() const {
    return object + ": " + (field.empty() ? "" : field + ": ") + reason;
}

Encoding encoding_of(std::string_view content_type) {
    return content_type.starts_with("application/vnd.kubernetes.protobuf") ? Encoding::kProtobuf
                                                                           : Encoding::kJson;
}

}  // namespace fairlead::kube
