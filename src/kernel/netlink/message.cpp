#include "kernel/netlink/message.h"

#include <endian.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/assert.h"

namespace fairlead::kernel::netlink {

std::byte* MessageBuilder::grow(std::size_t size_bytes) {
    const std::size_t begin = buffer_.size();
    buffer_.resize(begin + NLMSG_ALIGN(size_bytes));  // the padding is zero
    return buffer_.data() + begin;
}

std::byte* MessageBuilder::put_attribute(std::uint16_t type, std::size_t payload_bytes) {
    const std::size_t length = sizeof(nlattr) + payload_bytes;
    FAIRLEAD_ASSERT(length <= std::numeric_limits<std::uint16_t>::max());
    const nlattr header{static_cast<std::uint16_t>(length), type};
    std::byte* const place = grow(length);
    std::memcpy(place, &header, sizeof header);
    return place + sizeof header;
}

void MessageBuilder::begin_message(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                                   std::span<const std::byte> protocol_header) {
    message_begin_ = buffer_.size();
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    header.nlmsg_seq = sequence;
    std::memcpy(grow(sizeof header), &header, sizeof header);
    std::ranges::copy(protocol_header, grow(protocol_header.size()));
}

void MessageBuilder::end_message() {
    const auto length = static_cast<std::uint32_t>(message_size_bytes());
    std::memcpy(buffer_.data() + message_begin_ + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

void MessageBuilder::add_flags(std::size_t offset_bytes, std::uint16_t flags) {
    std::byte* const place = buffer_.data() + offset_bytes + offsetof(nlmsghdr, nlmsg_flags);
    std::uint16_t now = 0;
    std::memcpy(&now, place, sizeof now);
    now = static_cast<std::uint16_t>(now | flags);
    std::memcpy(place, &now, sizeof now);
}

void MessageBuilder::set_sequence(std::size_t offset_bytes, std::uint32_t sequence) {
    std::memcpy(buffer_.data() + offset_bytes + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
}

void MessageBuilder::put(std::uint16_t type, std::span<const std::byte> payload) {
    std::ranges::copy(payload, put_attribute(type, payload.size()));
}

void MessageBuilder::put_string(std::uint16_t type, std::string_view text) {
    std::ranges::copy(std::as_bytes(std::span{text}), put_attribute(type, text.size() + 1));
}

void MessageBuilder::put_u8(std::uint16_t type, std::uint8_t value) {
    put(type, std::as_bytes(std::span{&value, 1}));
}

void MessageBuilder::put_be16(std::uint16_t type, std::uint16_t value) {
    const std::uint16_t network_order = htobe16(value);
    put(type, std::as_bytes(std::span{&network_order, 1}));
}

void MessageBuilder::put_u32(std::uint16_t type, std::uint32_t value) {
    put(type, std::as_bytes(std::span{&value, 1}));
}

void MessageBuilder::put_be32(std::uint16_t type, std::uint32_t value) {
    put_u32(type, htobe32(value));
}

void MessageBuilder::put_be64(std::uint16_t type, std::uint64_t value) {
    const std::uint64_t network_order = htobe64(value);
    put(type, std::as_bytes(std::span{&network_order, 1}));
}

void MessageBuilder::put_header(std::span<const std::byte> header) {
    std::ranges::copy(header, grow(header.size()));
}

std::size_t MessageBuilder::begin_nested(std::uint16_t type) {
    const std::size_t begin = buffer_.size();
    put_attribute(type | NLA_F_NESTED, 0);
    return begin;
}

void MessageBuilder::end_nested(std::size_t begin) {
    const std::size_t length = buffer_.size() - begin;
    FAIRLEAD_ASSERT(length <= std::numeric_limits<std::uint16_t>::max());
    const auto length16 = static_cast<std::uint16_t>(length);
    std::memcpy(buffer_.data() + begin + offsetof(nlattr, nla_len), &length16, sizeof length16);
}

void MessageBuilder::clear() {
    buffer_.clear();
    message_begin_ = 0;
}

}  // namespace fairlead::kernel::netlink
