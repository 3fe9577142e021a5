#pragma once

// For .cpp files of kube/ only.

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <variant>

#include "kube/field_reader.h"

namespace fairlead::kube {

/// Walks over the fields of one protobuf message (protobuf.dev, "Encoding"), in the order they lie in.
class WireScanner {
  public:
    enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

    explicit WireScanner(std::string_view message) : at_(message.data()), end_(at_ + message.size()) {}

    /// Steps to the next field; false at the end, and where the message is broken.
    bool next();
    [[nodiscard]] bool broken() const { return broken_; }

    [[nodiscard]] std::uint32_t number() const { return number_; }
    [[nodiscard]] Type type() const { return type_; }
    /// Of kVarint.
    [[nodiscard]] std::uint64_t value() const { return value_; }
    /// Of kBytes.
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

  private:
    bool read_varint(std::uint64_t& value) {
        // Nearly all lengths and tags are one byte.
        constexpr unsigned char kMore = 0x80;
        if (at_ != end_ && static_cast<unsigned char>(*at_) < kMore) {
            value = static_cast<unsigned char>(*at_++);
            return true;
        }
        return read_long_varint(value);
    }
    bool read_long_varint(std::uint64_t& value);
    bool take(std::uint64_t size) {
        if (size > static_cast<std::uint64_t>(end_ - at_)) return break_off();
        bytes_ = {at_, static_cast<std::size_t>(size)};
        at_ += size;
        return true;
    }
    bool take_fixed();
    bool break_off() {
        broken_ = true;
        return false;
    }

    const char* at_;
    const char* end_;
    std::uint32_t number_ = 0;
    Type type_ = Type::kVarint;
    std::uint64_t value_ = 0;
    std::string_view bytes_;
    bool broken_ = false;
};

inline bool WireScanner::next() {
    constexpr std::uint64_t kLargestNumber = (1U << 29U) - 1;
    std::uint64_t tag = 0;
    if (at_ == end_ || broken_ || !read_varint(tag)) return false;
    if (tag >> 3U == 0 || tag >> 3U > kLargestNumber) return break_off();
    number_ = static_cast<std::uint32_t>(tag >> 3U);
    type_ = static_cast<Type>(tag & 7U);
    if (type_ == Type::kVarint) return read_varint(value_);
    std::uint64_t size = 0;
    if (type_ == Type::kBytes) return read_varint(size) && take(size);
    return take_fixed();
}

/// Reads fields out of a protobuf message by their numbers. Each look-up walks over the message: the messages
/// of the API are flat and small, and nothing of it is stored or allocated.
class ProtobufReader : public FieldReader {
  public:
    using Object = std::string_view;

    /// Text; empty where it is absent.
    std::string_view text(Object object, Field field) { return last_bytes(object, field).value_or(""); }
    std::optional<bool> boolean(Object object, Field field);
    std::optional<std::uint64_t> number(Object object, Field field, std::uint64_t largest);
    /// A port; 0 where it is absent.
    std::uint16_t port(Object object, Field field) {
        return static_cast<std::uint16_t>(
            number(object, field, std::numeric_limits<std::uint16_t>::max()).value_or(0));
    }
    /// An IntOrString; port 0 where it is absent.
    std::variant<std::uint16_t, std::string_view> port_or_name(Object object, Field field);
    /// A time that is set.
    bool has_time(Object object, Field field) { return !text(object, field).empty(); }
    /// Length of a list; 0 where it is absent.
    std::size_t count(Object object, Field field);
    /// Whether a list has anything in it.
    bool has_any(Object object, Field field) { return count(object, field) > 0; }
    /// The value of a label or annotation; empty where it is absent.
    std::string_view label(Object parent, Field field, std::string_view key);

    /// Calls `visit(Object)` for the message under `field`, if there is one.
    template <class Visit>
    void object(Object parent, Field field, Visit visit);
    /// Calls `visit(Object)` for each message under `field`.
    template <class Visit>
    void each_object(Object parent, Field field, Visit visit);
    /// Calls `visit(std::string_view)` for each text under `field`.
    template <class Visit>
    void each_text(Object parent, Field field, Visit visit) {
        each_object(parent, field, visit);
    }
    /// Calls `visit(key, value)` for each entry of the map under `field`.
    template <class Visit>
    void each_label(Object parent, Field field, Visit visit);

  private:
    std::optional<std::string_view> last_bytes(Object object, Field field);
    std::optional<std::uint64_t> last_varint(Object object, Field field);
    /// Calls `visit(WireScanner)` for each occurrence of `field`, which must be of `type`.
    template <class Visit>
    void each(Object object, Field field, WireScanner::Type type, Visit visit);
};

template <class Visit>
void ProtobufReader::each(Object object, Field field, WireScanner::Type type, Visit visit) {
    if (failed()) return;
    WireScanner scanner{object};
    while (scanner.next()) {
        if (scanner.number() != field.number) continue;
        if (scanner.type() != type) return refuse(field, "has the wrong wire type");
        visit(scanner);
        if (failed()) return;
    }
    if (scanner.broken()) refuse("is cut short or broken");
}

template <class Visit>
void ProtobufReader::object(Object parent, Field field, Visit visit) {
    const auto found = last_bytes(parent, field);
    if (!found) return;
    const Step step{*this, field.name};
    visit(*found);
}

template <class Visit>
void ProtobufReader::each_object(Object parent, Field field, Visit visit) {
    std::size_t index = 0;
    each(parent, field, WireScanner::Type::kBytes, [&](const WireScanner& found) {
        const Step step{*this, field.name, index++};
        visit(found.bytes());
    });
}

template <class Visit>
void ProtobufReader::each_label(Object parent, Field field, Visit visit) {
    each(parent, field, WireScanner::Type::kBytes, [&](const WireScanner& found) {
        const Step step{*this, field.name};
        visit(text(found.bytes(), {"key", 1}), text(found.bytes(), {"value", 2}));
    });
}

}  // namespace fairlead::kube
