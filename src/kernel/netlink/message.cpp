#include "kernel/netlink/message.h"

#include <endian.h>
#include <linux/netlink.h>

#include <cstring>
#include <limits>

#include "base/assert.h"

namespace fairlead::kernel::netlink {

void MessageBuilder::append(const void* data, std::size_t size_bytes) {
    const auto* bytes = static_cast<const std::byte*>(data);
    buffer_.insert(buffer_.end(), bytes, bytes + size_bytes);
}

void MessageBuilder::pad() {
    buffer_.resize(NLMSG_ALIGN(buffer_.size()));
}

void MessageBuilder::begin_message(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                                   std::span<const std::byte> protocol_header) {
    message_begin_ = buffer_.size();
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    header.nlmsg_seq = sequence;
    append(&header, sizeof header);
    append(protocol_header.data(), protocol_header.size());
    pad();
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
    FAIRLEAD_ASSERT(payload.size() <= std::numeric_limits<std::uint16_t>::max() - sizeof(nlattr));
    nlattr header{};
    header.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + payload.size());
    header.nla_type = type;
    append(&header, sizeof header);
    append(payload.data(), payload.size());
    pad();
}

void MessageBuilder::put_string(std::uint16_t type, std::string_view text) {
    FAIRLEAD_ASSERT(text.size() < std::numeric_limits<std::uint16_t>::max() - sizeof(nlattr));
    nlattr header{};
    header.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + text.size() + 1);
    header.nla_type = type;
    append(&header, sizeof header);
    append(text.data(), text.size());
    buffer_.push_back(std::byte{0});
    pad();
}

void MessageBuilder::put_u8(std::uint16_t type, std::uint8_t value) {
    put(type, std::as_bytes(std::span{&value, 1}));
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
    append(header.data(), header.size());
    pad();
}

std::size_t MessageBuilder::begin_nested(std::uint16_t type) {
    const std::size_t begin = buffer_.size();
    put(type | NLA_F_NESTED, {});
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
