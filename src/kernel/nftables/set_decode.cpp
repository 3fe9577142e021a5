#include <algorithm>
#include <ranges>

#include "kernel/nftables/data_types.h"
#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/set_codec.h"
#include "kernel/nftables/user_data.h"
#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

using netlink::Attributes;
using netlink::Message;

/// Whether the fields of a concatenation with ranges are as wide as their types.
bool fields_fit(const std::vector<DataType>& key, Attributes fields) {
    for (const auto type : key) {
        const auto field = fields.next();
        if (!field || Attributes{field->payload}.be32(NFTA_SET_FIELD_LEN) != size_bytes_of(type))
            return false;
    }
    return !fields.next();
}

/// Whether each element has a counter; nullopt if it has something else.
std::optional<bool> decode_counting(const Attributes& set) {
    if (set.find(NFTA_SET_EXPRESSIONS)) return std::nullopt;
    if (!set.find(NFTA_SET_EXPR)) return false;
    if (set.nested(NFTA_SET_EXPR).text(NFTA_EXPR_NAME) != "counter") return std::nullopt;
    return true;
}

Counts decode_counts(const Attributes& element) {
    const auto expression = element.nested(NFTA_SET_ELEM_EXPR);
    if (expression.text(NFTA_EXPR_NAME) != "counter") return {};
    const auto counter = expression.nested(NFTA_EXPR_DATA);
    return {counter.be64(NFTA_COUNTER_PACKETS).value_or(0), counter.be64(NFTA_COUNTER_BYTES).value_or(0)};
}

std::optional<std::chrono::milliseconds> decode_duration(const Attributes& element, std::uint16_t type) {
    const auto milliseconds = element.be64(type);
    if (!milliseconds) return std::nullopt;
    return std::chrono::milliseconds{*milliseconds};
}

/// Bytes that fit an ElementBytes; what is longer was not written by us and becomes empty.
ElementBytes decode_bytes(std::span<const std::byte> value) {
    ElementBytes bytes;
    if (value.size() <= ElementBytes::kCapacityBytes) bytes.add_raw(value);
    return bytes;
}

RawElement decode_element(const Attributes& attributes) {
    RawElement raw;
    raw.element.key = decode_bytes(attributes.nested(NFTA_SET_ELEM_KEY).payload(NFTA_DATA_VALUE));
    raw.element.key_end = decode_bytes(attributes.nested(NFTA_SET_ELEM_KEY_END).payload(NFTA_DATA_VALUE));
    const auto data = attributes.nested(NFTA_SET_ELEM_DATA);
    raw.element.data = decode_bytes(data.payload(NFTA_DATA_VALUE));
    const auto verdict = data.nested(NFTA_DATA_VERDICT);
    if (verdict.be32(NFTA_VERDICT_CODE) == static_cast<std::uint32_t>(NFT_GOTO))
        raw.element.verdict_chain = verdict.text(NFTA_VERDICT_CHAIN);
    raw.interval_end = (attributes.be32(NFTA_SET_ELEM_FLAGS).value_or(0) & NFT_SET_ELEM_INTERVAL_END) != 0;
    raw.counts = decode_counts(attributes);
    raw.timeout = decode_duration(attributes, NFTA_SET_ELEM_TIMEOUT);
    raw.time_left = decode_duration(attributes, NFTA_SET_ELEM_EXPIRATION);
    return raw;
}

/// The key before this one; all ones before zero.
ElementBytes previous_key(const ElementBytes& key) {
    std::vector<std::byte> bytes(key.bytes().begin(), key.bytes().end());
    for (auto& byte : std::views::reverse(bytes)) {
        const bool borrow = byte == std::byte{0};
        byte = static_cast<std::byte>(std::to_integer<unsigned>(byte) - 1);
        if (!borrow) break;
    }
    return decode_bytes(bytes);
}

ElementBytes last_key(const ElementBytes& like) {
    return previous_key(decode_bytes(std::vector<std::byte>(like.bytes().size(), std::byte{0})));
}

}  // namespace

std::optional<Set> decode_set(const Message& message, std::string_view table) {
    const auto attributes = attributes_if(message, NFT_MSG_NEWSET, NFTA_SET_TABLE, table);
    if (!attributes) return std::nullopt;
    const auto flags = attributes->be32(NFTA_SET_FLAGS).value_or(0);
    constexpr std::uint32_t kOurFlags =
        NFT_SET_INTERVAL | NFT_SET_MAP | NFT_SET_CONCAT | NFT_SET_EVAL | NFT_SET_TIMEOUT;
    const auto key = types_of(attributes->be32(NFTA_SET_KEY_TYPE).value_or(0));
    const auto data =
        types_of((flags & NFT_SET_MAP) != 0 ? attributes->be32(NFTA_SET_DATA_TYPE).value_or(0) : 0);
    const auto counts = decode_counting(*attributes);
    const bool own_timeout = attributes->be64(NFTA_SET_TIMEOUT).value_or(0) != 0;
    if ((flags & ~kOurFlags) != 0 || !key || !data || !counts || own_timeout) return std::nullopt;

    const auto description = attributes->nested(NFTA_SET_DESC);
    Set set{std::string(attributes->text(NFTA_SET_NAME)), *key, *data, (flags & NFT_SET_INTERVAL) != 0,
            user_data_text(attributes->payload(NFTA_SET_USERDATA), kSetComment)};
    set.dynamic = (flags & NFT_SET_EVAL) != 0;
    set.timeout = (flags & NFT_SET_TIMEOUT) != 0;
    set.size = description.be32(NFTA_SET_DESC_SIZE).value_or(0);
    set.counts = *counts;
    const bool concatenated = (flags & NFT_SET_CONCAT) != 0;
    if (concatenated != has_concatenated_ranges(set)) return std::nullopt;
    if (concatenated && !fields_fit(set.key, description.nested(NFTA_SET_DESC_CONCAT))) return std::nullopt;
    return set;
}

std::optional<std::uint32_t> decode_element_count(const Message& message) {
    constexpr std::uint16_t kSetCount = 20;  // NFTA_SET_COUNT, newer than the headers we build with
    if (message.type != message_type(NFT_MSG_NEWSET)) return std::nullopt;
    return attributes_of(message).be32(kSetCount);
}

std::vector<RawElement> decode_elements(const Message& message) {
    std::vector<RawElement> elements;
    if (message.type != message_type(NFT_MSG_NEWSETELEM)) return elements;
    auto list = attributes_of(message).nested(NFTA_SET_ELEM_LIST_ELEMENTS);
    while (const auto item = list.next())
        elements.push_back(decode_element(Attributes{item->payload}));
    return elements;
}

std::vector<RawElement> join_intervals(std::vector<RawElement> raw) {
    // An end sorts before a start with the same key: adjacent ranges.
    std::ranges::sort(raw, [](const RawElement& a, const RawElement& b) {
        return a.element.key != b.element.key ? a.element.key < b.element.key
                                              : a.interval_end && !b.interval_end;
    });
    std::vector<RawElement> ranges;
    const auto last = [&]() -> Element& { return ranges.back().element; };
    for (const auto& part : raw) {
        if (part.element.key.empty()) continue;
        const bool again = !ranges.empty() && last().key == part.element.key;
        if (again) continue;  // the kernel never has two of a key
        // A range goes on to the next boundary, be that an end or a start: some tools leave such ends out.
        if (!ranges.empty() && last().key_end.empty()) last().key_end = previous_key(part.element.key);
        if (!part.interval_end) ranges.push_back(part);
    }
    if (!ranges.empty() && last().key_end.empty()) last().key_end = last_key(last().key);
    return ranges;
}

}  // namespace fairlead::kernel::nftables
