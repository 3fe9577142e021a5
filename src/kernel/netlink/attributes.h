#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fairlead::kernel::netlink {

/// One attribute as it came from the kernel; no length in it is trusted.
struct Attribute {
    std::uint16_t type = 0;  ///< without NLA_F_NESTED and NLA_F_NET_BYTEORDER
    std::span<const std::byte> payload;

    /// nullopt if the payload has another size.
    [[nodiscard]] std::optional<std::uint8_t> u8() const;
    [[nodiscard]] std::optional<std::uint16_t> be16() const;
    [[nodiscard]] std::optional<std::uint32_t> u32() const;
    [[nodiscard]] std::optional<std::uint32_t> be32() const;
    [[nodiscard]] std::optional<std::uint64_t> be64() const;
    /// Up to the first NUL, or all of it.
    [[nodiscard]] std::string_view text() const;
};

/// A sequence of attributes, read front to back; ends at the first one that does not fit in what is left.
class Attributes {
  public:
    explicit Attributes(std::span<const std::byte> bytes) : rest_(bytes) {}

    /// The next attribute, or nullopt at the end.
    std::optional<Attribute> next();

    /// The first attribute of a type among those that are left. Does not advance.
    [[nodiscard]] std::optional<Attribute> find(std::uint16_t type) const;

    // Shorthands for find: nullopt (an empty view) where it is absent or has another size.
    [[nodiscard]] std::optional<std::uint8_t> u8(std::uint16_t type) const;
    [[nodiscard]] std::optional<std::uint16_t> be16(std::uint16_t type) const;
    [[nodiscard]] std::optional<std::uint32_t> u32(std::uint16_t type) const;
    [[nodiscard]] std::optional<std::uint32_t> be32(std::uint16_t type) const;
    [[nodiscard]] std::optional<std::uint64_t> be64(std::uint16_t type) const;
    [[nodiscard]] std::string_view text(std::uint16_t type) const;
    [[nodiscard]] std::span<const std::byte> payload(std::uint16_t type) const;
    [[nodiscard]] Attributes nested(std::uint16_t type) const { return Attributes{payload(type)}; }

  private:
    std::span<const std::byte> rest_;
};

/// One message of a datagram.
struct Message {
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t sequence = 0;
    std::uint32_t port_id = 0;
    std::span<const std::byte> payload;  ///< what follows nlmsghdr

    /// The attributes after a protocol header of `header_size_bytes`.
    [[nodiscard]] Attributes attributes(std::size_t header_size_bytes) const;
};

/// The messages of a datagram, front to back; ends at the first one that does not fit.
class Messages {
  public:
    explicit Messages(std::span<const std::byte> datagram) : rest_(datagram) {}
    std::optional<Message> next();

  private:
    std::span<const std::byte> rest_;
};

}  // namespace fairlead::kernel::netlink
