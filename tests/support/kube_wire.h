#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::test {

/// Writes a protobuf message field by field, apart from the reader under test.
class ProtobufMessage {
  public:
    ProtobufMessage& varint(std::uint32_t number, std::uint64_t value);
    ProtobufMessage& bytes(std::uint32_t number, std::string_view value);
    ProtobufMessage& message(std::uint32_t number, const ProtobufMessage& value) {
        return bytes(number, value.bytes_);
    }
    /// An entry of a map<string, string>.
    ProtobufMessage& entry(std::uint32_t number, std::string_view key, std::string_view value);

    [[nodiscard]] const std::string& wire() const { return bytes_; }

  private:
    void append_varint(std::uint64_t value);

    std::string bytes_;
};

/// "k8s\0" and a runtime.Unknown around an object.
std::string kubernetes_protobuf(std::string_view api_version, std::string_view kind,
                                const ProtobufMessage& object);

/// A frame of a watch: length, metav1.WatchEvent, object.
std::string protobuf_watch_frame(std::string_view type, std::string_view object);

/// A body of one encoding that an API server would send for a streaming list.
struct WatchBody {
    std::string content_type;
    std::string bytes;
};

/// A streaming list of `slices` EndpointSlices of `endpoints` IPv4 endpoints each on 1,000 nodes, with all
/// that kube-controller-manager writes into them (owner, labels, target references, managed fields).
WatchBody slices_as_json(std::size_t slices, std::size_t endpoints);
WatchBody slices_as_protobuf(std::size_t slices, std::size_t endpoints);

}  // namespace fairlead::test
