#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fairlead::kernel::netlink {

/// Builds netlink messages (linux/netlink.h) one after another in a growing buffer.
/// Calls nest: begin_message, attributes and nested attributes, end_message.
class MessageBuilder {
  public:
    /// Starts a message; `protocol_header` is what follows nlmsghdr, e.g. nfgenmsg or ifinfomsg.
    void begin_message(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                       std::span<const std::byte> protocol_header);
    void end_message();
    /// Sets further flags (NLM_F_*) in the message that begins at `offset_bytes`.
    void add_flags(std::size_t offset_bytes, std::uint16_t flags);
    void set_sequence(std::size_t offset_bytes, std::uint32_t sequence);

    void put(std::uint16_t type, std::span<const std::byte> payload);
    /// The text with its terminating NUL (NLA_NUL_STRING).
    void put_string(std::uint16_t type, std::string_view text);
    void put_u8(std::uint16_t type, std::uint8_t value);
    /// Network byte order.
    void put_be16(std::uint16_t type, std::uint16_t value);
    /// Host byte order, as rtnetlink has it.
    void put_u32(std::uint16_t type, std::uint32_t value);
    /// Network byte order, as nfnetlink has it.
    void put_be32(std::uint16_t type, std::uint32_t value);
    void put_be64(std::uint16_t type, std::uint64_t value);
    /// A flag attribute or an empty nest.
    void put_empty(std::uint16_t type) { put(type, {}); }

    /// A protocol header inside a nested attribute, as rtnetlink has it in VETH_INFO_PEER.
    void put_header(std::span<const std::byte> header);

    /// Opens a nested attribute; returns what end_nested wants.
    [[nodiscard]] std::size_t begin_nested(std::uint16_t type);
    void end_nested(std::size_t begin);

    [[nodiscard]] std::span<const std::byte> bytes() const { return buffer_; }
    [[nodiscard]] std::size_t size_bytes() const { return buffer_.size(); }
    /// Bytes of the message that is being built.
    [[nodiscard]] std::size_t message_size_bytes() const { return buffer_.size() - message_begin_; }
    void clear();
    /// Makes room for so many bytes in all.
    void reserve(std::size_t size_bytes) { buffer_.reserve(size_bytes); }

  private:
    /// Appends so many zero bytes, rounded up to the alignment of netlink.
    std::byte* grow(std::size_t size_bytes);
    /// Appends an attribute with its header; returns the place of the payload, all zero.
    std::byte* put_attribute(std::uint16_t type, std::size_t payload_bytes);

    std::vector<std::byte> buffer_;
    std::size_t message_begin_ = 0;
};

}  // namespace fairlead::kernel::netlink
