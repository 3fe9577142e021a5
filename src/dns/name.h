#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// Bytes of a name on the wire, lengths and the final root label included (RFC 1035, section 2.3.4).
constexpr std::size_t kMaxNameSize = 255;
constexpr std::size_t kMaxLabelSize = 63;

/// An absolute domain name in its uncompressed wire form; no heap. The letter case is kept as it was given;
/// equality, order and hash take no notice of it (RFC 4343). The order is that of RFC 4034, section 6.1: a
/// name comes before all names below it, and these are neighbours.
class Name {
  public:
    /// The root.
    Name() = default;

    /// From "www.example.com" with or without the final dot; a dot or backslash inside of a label is written
    /// "\." and "\\", any byte "\DDD" (RFC 1035, section 5.1). "." is the root, an empty text an error.
    static base::Result<Name> parse(std::string_view text);
    /// From exactly one uncompressed name; nullopt for anything else.
    static std::optional<Name> from_wire(Bytes wire);
    /// From the name at `offset` of a message; the offset behind it, or nullopt when it is malformed: cut
    /// off, a label type other than 0 and pointer, over 255 bytes, a pointer that does not point backwards,
    /// behind the header, or one too many. `name` is only right after success.
    static std::optional<std::size_t> read(Bytes message, std::size_t offset, Name& name);

    [[nodiscard]] Bytes wire() const { return Bytes{wire_}.first(size_); }
    /// The root has none: "www.example.com." has 3.
    [[nodiscard]] std::size_t label_count() const;
    [[nodiscard]] bool is_root() const { return size_ == 1; }
    /// Bytes of one label, the leftmost is 0; valid as long as this object. `index` below label_count().
    [[nodiscard]] std::string_view label(std::size_t index) const;

    /// Whether it is `ancestor` or a name below it.
    [[nodiscard]] bool is_within(const Name& ancestor) const;
    /// "www." of "www.example.com." without "example.com."; nullopt where is_within() does not hold.
    [[nodiscard]] std::optional<Name> without_suffix(const Name& suffix) const;
    /// Its labels followed by those of `suffix`; nullopt when that is over 255 bytes.
    [[nodiscard]] std::optional<Name> joined(const Name& suffix) const;
    /// With one label put in front; nullopt for an empty or too long label, or when the name gets too long.
    [[nodiscard]] std::optional<Name> with_label(std::string_view label) const;
    /// Without its `labels` leftmost labels; the root when it has no more than those.
    [[nodiscard]] Name parent(std::size_t labels = 1) const;
    /// With ASCII letters in lower case.
    [[nodiscard]] Name lowered() const {
        Name name = *this;
        name.lower();
        return name;
    }
    void lower();
    /// "www.example.com.", "." for the root; other bytes than printable ASCII as "\DDD".
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const Name& a, const Name& b);
    friend std::weak_ordering operator<=>(const Name& a, const Name& b);

    template <class H>
    friend H AbslHashValue(H state, const Name& name) {
        const Name lower = name.lowered();
        return H::combine_contiguous(std::move(state), lower.wire_.data(), lower.size_);
    }

  private:
    /// Where the labels of `suffix` begin in it, if it ends in them.
    [[nodiscard]] std::optional<std::size_t> offset_of_suffix(const Name& suffix) const;

    std::array<std::uint8_t, kMaxNameSize + 1> wire_{};  // the unused tail is zero
    std::uint8_t size_ = 1;
};

}  // namespace fairlead::dns
