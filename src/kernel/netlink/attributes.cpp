#include "kernel/netlink/attributes.h"

#include <endian.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

namespace fairlead::kernel::netlink {

namespace {

template <class Number>
std::optional<Number> number_of(std::span<const std::byte> payload) {
    Number number{};
    if (payload.size() != sizeof number) return std::nullopt;
    std::memcpy(&number, payload.data(), sizeof number);
    return number;
}

}  // namespace

std::optional<std::uint8_t> Attribute::u8() const {
    return number_of<std::uint8_t>(payload);
}

std::optional<std::uint16_t> Attribute::be16() const {
    const auto number = number_of<std::uint16_t>(payload);
    return number ? std::optional{be16toh(*number)} : std::nullopt;
}

std::optional<std::uint32_t> Attribute::u32() const {
    return number_of<std::uint32_t>(payload);
}

std::optional<std::uint32_t> Attribute::be32() const {
    const auto number = u32();
    return number ? std::optional{be32toh(*number)} : std::nullopt;
}

std::optional<std::uint64_t> Attribute::be64() const {
    const auto number = number_of<std::uint64_t>(payload);
    return number ? std::optional{be64toh(*number)} : std::nullopt;
}

std::string_view Attribute::text() const {
    const std::string_view whole{reinterpret_cast<const char*>(payload.data()), payload.size()};
    return whole.substr(0, whole.find('\0'));
}

std::optional<Attribute> Attributes::next() {
    nlattr header{};
    if (rest_.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, rest_.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > rest_.size()) return std::nullopt;
    const Attribute attribute{static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                              rest_.subspan(sizeof header, header.nla_len - sizeof header)};
    rest_ = rest_.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), rest_.size()));
    return attribute;
}

std::optional<Attribute> Attributes::find(std::uint16_t type) const {
    Attributes remaining = *this;
    while (const auto attribute = remaining.next())
        if (attribute->type == type) return attribute;
    return std::nullopt;
}

std::optional<std::uint8_t> Attributes::u8(std::uint16_t type) const {
    const auto attribute = find(type);
    return attribute ? attribute->u8() : std::nullopt;
}

std::optional<std::uint16_t> Attributes::be16(std::uint16_t type) const {
    const auto attribute = find(type);
    return attribute ? attribute->be16() : std::nullopt;
}

std::optional<std::uint32_t> Attributes::u32(std::uint16_t type) const {
    const auto attribute = find(type);
    return attribute ? attribute->u32() : std::nullopt;
}

std::optional<std::uint32_t> Attributes::be32(std::uint16_t type) const {
    const auto attribute = find(type);
    return attribute ? attribute->be32() : std::nullopt;
}

std::optional<std::uint64_t> Attributes::be64(std::uint16_t type) const {
    const auto attribute = find(type);
    return attribute ? attribute->be64() : std::nullopt;
}

std::string_view Attributes::text(std::uint16_t type) const {
    const auto attribute = find(type);
    return attribute ? attribute->text() : std::string_view{};
}

std::span<const std::byte> Attributes::payload(std::uint16_t type) const {
    const auto attribute = find(type);
    return attribute ? attribute->payload : std::span<const std::byte>{};
}

Attributes Message::attributes(std::size_t header_size_bytes) const {
    const std::size_t skipped = NLMSG_ALIGN(header_size_bytes);
    return Attributes{skipped <= payload.size() ? payload.subspan(skipped) : std::span<const std::byte>{}};
}

std::optional<Message> Messages::next() {
    nlmsghdr header{};
    if (rest_.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, rest_.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest_.size()) return std::nullopt;
    const Message message{header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq, header.nlmsg_pid,
                          rest_.subspan(sizeof header, header.nlmsg_len - sizeof header)};
    rest_ = rest_.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest_.size()));
    return message;
}

}  // namespace fairlead::kernel::netlink
