#include "kube/protobuf_reader.h"

namespace fairlead::kube {

bool WireScanner::read_long_varint(std::uint64_t& value) {
    constexpr unsigned kBitsPerByte = 7;
    constexpr unsigned kLastShift = 63;
    value = 0;
    for (unsigned shift = 0; shift <= kLastShift && at_ != end_; shift += kBitsPerByte) {
        const auto byte = static_cast<unsigned char>(*at_++);
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if (byte < 0x80U) return true;
    }
    return break_off();
}

bool WireScanner::take_fixed() {
    if (type_ == Type::kFixed64) return take(sizeof(std::uint64_t));
    if (type_ == Type::kFixed32) return take(sizeof(std::uint32_t));
    return break_off();  // groups: no API object has any
}

std::optional<std::string_view> ProtobufReader::last_bytes(Object object, Field field) {
    std::optional<std::string_view> last;
    each(object, field, WireScanner::Type::kBytes, [&](const WireScanner& found) { last = found.bytes(); });
    return last;
}

std::optional<std::uint64_t> ProtobufReader::last_varint(Object object, Field field) {
    std::optional<std::uint64_t> last;
    each(object, field, WireScanner::Type::kVarint, [&](const WireScanner& found) { last = found.value(); });
    return last;
}

std::optional<bool> ProtobufReader::boolean(Object object, Field field) {
    const auto value = last_varint(object, field);
    return value ? std::optional{*value != 0} : std::nullopt;
}

std::optional<std::uint64_t> ProtobufReader::number(Object object, Field field, std::uint64_t largest) {
    const auto value = last_varint(object, field);
    if (value.value_or(0) > largest) refuse(field, "wants a number from 0 to " + std::to_string(largest));
    return value;
}

std::variant<std::uint16_t, std::string_view> ProtobufReader::port_or_name(Object object, Field field) {
    constexpr std::uint64_t kText = 1;  // k8s.io/apimachinery/pkg/util/intstr Type
    const auto value = text(object, field);
    if (failed()) return std::uint16_t{0};
    const Step step{*this, field.name};
    if (number(value, {"type", 1}, kText).value_or(0) == kText) return text(value, {"strVal", 3});
    return port(value, {"intVal", 2});
}

std::size_t ProtobufReader::count(Object object, Field field) {
    std::size_t count = 0;
    each(object, field, WireScanner::Type::kBytes, [&](const WireScanner&) { ++count; });
    return count;
}

std::string_view ProtobufReader::label(Object parent, Field field, std::string_view key) {
    std::string_view value;
    each_label(parent, field, [&](std::string_view name, std::string_view text) {
        if (name == key) value = text;
    });
    return value;
}

}  // namespace fairlead::kube
