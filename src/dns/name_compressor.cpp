#include "dns/name_compressor.h"

#include <algorithm>
#include <cstring>

#include "dns/wire.h"

namespace fairlead::dns {

namespace {

/// Offsets above have no room in a pointer's 14 bits.
constexpr std::size_t kMaxPointerTarget = 0x3fff;
constexpr std::uint16_t kPointer = 0xc000;

constexpr std::uint8_t lower(std::uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<std::uint8_t>(byte | 0x20U) : byte;
}

/// Whether the name at `offset` of a message of our own is `name`, whatever the letter case.
bool is_at(std::span<const std::uint8_t> message, std::size_t offset, Bytes name) {
    for (std::size_t at = 0; at < name.size();) {
        while (message[offset] > kMaxLabelSize)
            offset = get_u16(message, offset) & kMaxPointerTarget;
        if (message[offset] != name[at]) return false;  // a longer label could go beyond the message
        const std::size_t taken = std::size_t{name[at]} + 1;
        const auto there = message.subspan(offset, taken);
        const auto wanted = name.subspan(at, taken);
        // Letter case differs only where a client plays with it.
        if (std::memcmp(there.data(), wanted.data(), taken) != 0 &&
            !std::ranges::equal(there, wanted, {}, lower, lower))
            return false;
        offset += taken;
        at += taken;
    }
    return true;
}

}  // namespace

const NameCompressor::Place* NameCompressor::find(std::span<const std::uint8_t> message, Bytes name) const {
    for (const Place& place : std::span{places_}.first(count_))
        if (place.size_bytes == name.size() && is_at(message, place.offset, name)) return &place;
    return nullptr;
}

void NameCompressor::remember_labels(std::size_t offset, Bytes name, std::size_t written) {
    for (std::size_t at = 0; at < written && name[at] != 0; at += std::size_t{name[at]} + 1) {
        if (count_ == places_.size() || offset + at > kMaxPointerTarget) return;
        places_[count_++] = {static_cast<std::uint16_t>(offset + at),
                             static_cast<std::uint8_t>(name.size() - at)};
    }
}

void NameCompressor::remember(std::size_t offset, const Name& name) {
    remember_labels(offset, name.wire(), name.wire().size());
}

std::size_t NameCompressor::write(std::span<std::uint8_t> message, std::size_t offset, const Name& name) {
    const Bytes wire = name.wire();
    std::size_t labels = 0;
    const Place* known = nullptr;
    while (wire[labels] != 0 && (known = find(message, wire.subspan(labels))) == nullptr)
        labels += std::size_t{wire[labels]} + 1;
    const std::size_t end = offset + labels + (known != nullptr ? 2 : 1);
    if (end > message.size()) return 0;
    std::memcpy(message.data() + offset, wire.data(), labels + 1);
    if (known != nullptr)
        put_u16(message.data() + offset + labels, static_cast<std::uint16_t>(kPointer | known->offset));
    remember_labels(offset, wire, labels);
    return end;
}

std::size_t NameCompressor::write_whole(std::span<std::uint8_t> message, std::size_t offset,
                                        const Name& name) {
    const Bytes wire = name.wire();
    if (offset + wire.size() > message.size()) return 0;
    std::size_t unknown = 0;
    while (wire[unknown] != 0 && find(message, wire.subspan(unknown)) == nullptr)
        unknown += std::size_t{wire[unknown]} + 1;
    std::memcpy(message.data() + offset, wire.data(), wire.size());
    remember_labels(offset, wire, unknown);
    return offset + wire.size();
}

void NameCompressor::forget_from(std::size_t offset) {
    while (count_ > 0 && places_[count_ - 1].offset >= offset)
        --count_;
}

}  // namespace fairlead::dns
