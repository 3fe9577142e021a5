#include "dns/name.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "dns/lower_case.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

using base::ErrorCode;

constexpr std::uint8_t kPointerBits = 0xc0;
/// Every useful pointer is followed by a label, and a name has at most this many.
constexpr unsigned kMaxJumps = 127;

constexpr std::uint8_t lower_byte(std::uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<std::uint8_t>(byte | 0x20U) : byte;
}

/// Length bytes are below 'A', so a whole name can be compared as if it were text.
bool equal_ignoring_case(Bytes a, Bytes b) {
    return std::ranges::equal(a, b, {}, lower_byte, lower_byte);
}

base::Result<std::uint8_t> unescape(std::string_view text, std::size_t& at) {
    const auto malformed = [&] {
        return base::fail(
            ErrorCode::kInvalid,
            "'" + std::string{text} + "' is no domain name: '\\' needs a character or three digits");
    };
    if (at + 1 >= text.size()) return malformed();
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!is_digit(text[at + 1])) {
        at += 2;
        return static_cast<std::uint8_t>(text[at - 1]);
    }
    if (at + 3 >= text.size() || !is_digit(text[at + 2]) || !is_digit(text[at + 3])) return malformed();
    const int value = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
    if (value > 255) return malformed();
    at += 4;
    return static_cast<std::uint8_t>(value);
}

void append_escaped(std::string& text, std::uint8_t byte) {
    if (byte == '.' || byte == '\\') {
        text += '\\';
        text += static_cast<char>(byte);
    } else if (byte > ' ' && byte < 0x7f) {
        text += static_cast<char>(byte);
    } else {
        text += '\\';
        for (const int divisor : {100, 10, 1})
            text += static_cast<char>('0' + byte / divisor % 10);
    }
}

}  // namespace

base::Result<Name> Name::parse(std::string_view text) {
    const auto malformed = [&](std::string_view why) {
        return base::fail(ErrorCode::kInvalid,
                          "'" + std::string{text} + "' is no domain name: " + std::string{why});
    };
    Name name;
    if (text == ".") return name;
    if (text.empty()) return malformed("it is empty");
    std::array<std::uint8_t, kMaxLabelSize> label{};
    std::size_t size = 0;
    std::size_t label_size = 0;
    const auto close_label = [&] {
        if (size + 1 + label_size + 1 > kMaxNameSize) return false;
        name.wire_[size] = static_cast<std::uint8_t>(label_size);
        std::copy_n(label.begin(), label_size, name.wire_.begin() + static_cast<std::ptrdiff_t>(size) + 1);
        size += 1 + label_size;
        label_size = 0;
        return true;
    };
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '.') {
            if (label_size == 0) return malformed("a label is empty");
            if (!close_label()) return malformed("it is longer than 255 bytes");
            ++at;
            continue;
        }
        auto byte = static_cast<std::uint8_t>(text[at]);
        if (byte == '\\') {
            FAIRLEAD_TRY(byte, unescape(text, at));
        } else {
            ++at;
        }
        if (label_size == kMaxLabelSize) return malformed("a label is longer than 63 bytes");
        label[label_size++] = byte;
    }
    if (label_size > 0 && !close_label()) return malformed("it is longer than 255 bytes");
    name.wire_[size] = 0;
    name.size_ = static_cast<std::uint8_t>(size + 1);
    return name;
}

std::optional<Name> Name::from_wire(Bytes wire) {
    if (wire.empty() || wire.size() > kMaxNameSize) return std::nullopt;
    std::size_t at = 0;
    while (at < wire.size() && wire[at] != 0) {
        if (wire[at] > kMaxLabelSize) return std::nullopt;
        at += std::size_t{wire[at]} + 1;
    }
    if (at + 1 != wire.size()) return std::nullopt;
    Name name;
    std::ranges::copy(wire, name.wire_.begin());
    name.size_ = static_cast<std::uint8_t>(wire.size());
    return name;
}

std::optional<std::size_t> Name::read(Bytes message, std::size_t offset, Name& name) {
    std::size_t size = 0;
    std::size_t at = offset;
    std::size_t segment = offset;  // where the labels under way begin: pointers must go before it
    std::optional<std::size_t> behind;
    for (unsigned jumps = 0; at < message.size();) {
        const std::uint8_t length = message[at];
        if ((length & kPointerBits) == kPointerBits) {
            if (at + 1 >= message.size()) return std::nullopt;
            const std::size_t target = get_u16(message, at) & 0x3fffU;
            if (target >= segment || target < kHeaderSize || ++jumps > kMaxJumps) return std::nullopt;
            if (!behind) behind = at + 2;
            at = segment = target;
            continue;
        }
        if (length > kMaxLabelSize) return std::nullopt;
        const std::size_t taken = std::size_t{length} + 1;
        // A label that is not the root leaves room for the root.
        if (at + taken > message.size() || size + taken + (length == 0 ? 0 : 1) > kMaxNameSize)
            return std::nullopt;
        std::memcpy(name.wire_.data() + size, message.data() + at, taken);
        size += taken;
        at += taken;
        if (length != 0) continue;
        std::fill(name.wire_.begin() + static_cast<std::ptrdiff_t>(size), name.wire_.end(), std::uint8_t{0});
        name.size_ = static_cast<std::uint8_t>(size);
        return behind ? behind : at;
    }
    return std::nullopt;
}

std::size_t Name::label_count() const {
    std::size_t count = 0;
    for (std::size_t at = 0; wire_[at] != 0; at += std::size_t{wire_[at]} + 1)
        ++count;
    return count;
}

std::string_view Name::label(std::size_t index) const {
    std::size_t at = 0;
    for (; index > 0 && wire_[at] != 0; --index)
        at += std::size_t{wire_[at]} + 1;
    FAIRLEAD_ASSERT(wire_[at] != 0);
    return {reinterpret_cast<const char*>(wire_.data()) + at + 1, wire_[at]};
}

std::optional<std::size_t> Name::offset_of_suffix(const Name& suffix) const {
    if (suffix.size_ > size_) return std::nullopt;
    const std::size_t start = std::size_t{size_} - suffix.size_;
    std::size_t at = 0;
    while (at < start)
        at += std::size_t{wire_[at]} + 1;
    if (at != start || !equal_ignoring_case(wire().subspan(start), suffix.wire())) return std::nullopt;
    return start;
}

bool Name::is_within(const Name& ancestor) const {
    return offset_of_suffix(ancestor).has_value();
}

std::optional<Name> Name::without_suffix(const Name& suffix) const {
    const auto start = offset_of_suffix(suffix);
    if (!start) return std::nullopt;
    Name name;
    std::copy_n(wire_.begin(), *start, name.wire_.begin());
    name.size_ = static_cast<std::uint8_t>(*start + 1);
    return name;
}

std::optional<Name> Name::joined(const Name& suffix) const {
    const std::size_t labels = std::size_t{size_} - 1;
    if (labels + suffix.size_ > kMaxNameSize) return std::nullopt;
    Name name;
    std::copy_n(wire_.begin(), labels, name.wire_.begin());
    std::ranges::copy(suffix.wire(), name.wire_.begin() + static_cast<std::ptrdiff_t>(labels));
    name.size_ = static_cast<std::uint8_t>(labels + suffix.size_);
    return name;
}

std::optional<Name> Name::with_label(std::string_view label) const {
    if (label.empty() || label.size() > kMaxLabelSize || label.size() + 1 + size_ > kMaxNameSize)
        return std::nullopt;
    Name name;
    name.wire_[0] = static_cast<std::uint8_t>(label.size());
    std::memcpy(name.wire_.data() + 1, label.data(), label.size());
    std::ranges::copy(wire(), name.wire_.begin() + static_cast<std::ptrdiff_t>(label.size()) + 1);
    name.size_ = static_cast<std::uint8_t>(label.size() + 1 + size_);
    return name;
}

Name Name::parent(std::size_t labels) const {
    std::size_t at = 0;
    for (; labels > 0 && wire_[at] != 0; --labels)
        at += std::size_t{wire_[at]} + 1;
    Name name;
    std::ranges::copy(wire().subspan(at), name.wire_.begin());
    name.size_ = static_cast<std::uint8_t>(size_ - at);
    return name;
}

void Name::lower() {
    static_assert((kMaxNameSize + 1) % sizeof(std::uint64_t) == 0);
    for (std::size_t at = 0; at < size_; at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, wire_.data() + at, sizeof word);
        word = lower_word(word);
        std::memcpy(wire_.data() + at, &word, sizeof word);
    }
}

std::string Name::to_string() const {
    if (is_root()) return ".";
    std::string text;
    text.reserve(size_);
    for (std::size_t at = 0; wire_[at] != 0; at += std::size_t{wire_[at]} + 1) {
        for (const std::uint8_t byte : wire().subspan(at + 1, wire_[at]))
            append_escaped(text, byte);
        text += '.';
    }
    return text;
}

bool operator==(const Name& a, const Name& b) {
    return equal_ignoring_case(a.wire(), b.wire());
}

std::weak_ordering operator<=>(const Name& a, const Name& b) {
    const std::size_t labels_of_a = a.label_count();
    const std::size_t labels_of_b = b.label_count();
    for (std::size_t i = 1; i <= std::min(labels_of_a, labels_of_b); ++i) {
        const std::string_view label_of_a = a.label(labels_of_a - i);
        const std::string_view label_of_b = b.label(labels_of_b - i);
        const auto order = std::lexicographical_compare_three_way(
            label_of_a.begin(), label_of_a.end(), label_of_b.begin(), label_of_b.end(), [](char x, char y) {
                return lower_byte(static_cast<std::uint8_t>(x)) <=> lower_byte(static_cast<std::uint8_t>(y));
            });
        if (order != 0) return order;
    }
    return labels_of_a <=> labels_of_b;
}

}  // namespace fairlead::dns
