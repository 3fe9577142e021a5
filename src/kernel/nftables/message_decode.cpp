#include <algorithm>
#include <ranges>

#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/user_data.h"
#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

using netlink::Attributes;
using netlink::Message;

Attributes attributes_of(const Message& message) {
    return message.attributes(sizeof(nfgenmsg));
}

/// nfgenmsg begins with the family; tables of others than the two are never asked for.
base::Family family_of(const Message& message) {
    const bool ipv6 = !message.payload.empty() && message.payload[0] == std::byte{NFPROTO_IPV6};
    return ipv6 ? base::Family::kIpv6 : base::Family::kIpv4;
}

/// The attributes of a message of that kind about `table`.
std::optional<Attributes> attributes_if(const Message& message, int nft_message,
                                        std::uint16_t table_attribute, std::string_view table) {
    if (message.type != message_type(nft_message)) return std::nullopt;
    const auto attributes = attributes_of(message);
    if (attributes.text(table_attribute) != table) return std::nullopt;
    return attributes;
}

std::optional<ChainType> decode_chain_type(std::string_view name) {
    if (name == "filter") return ChainType::kFilter;
    if (name == "nat") return ChainType::kNat;
    if (name == "route") return ChainType::kRoute;
    return std::nullopt;
}

std::optional<ChainHook> decode_hook(const Attributes& chain) {
    const auto hook = chain.nested(NFTA_CHAIN_HOOK);
    const auto number = hook.be32(NFTA_HOOK_HOOKNUM);
    const auto priority = hook.be32(NFTA_HOOK_PRIORITY);
    if (!number || *number > NF_INET_POST_ROUTING || !priority) return std::nullopt;
    if (chain.be32(NFTA_CHAIN_POLICY).value_or(NF_ACCEPT) != NF_ACCEPT) return std::nullopt;
    const auto type = decode_chain_type(chain.text(NFTA_CHAIN_TYPE));
    if (!type) return std::nullopt;
    return ChainHook{*type, static_cast<Hook>(*number), static_cast<std::int32_t>(*priority)};
}

std::optional<DataType> decode_type(std::uint32_t nft_number) {
    switch (nft_number) {
        case 7:
            return DataType::kIpv4Address;
        case 8:
            return DataType::kIpv6Address;
        case 12:
            return DataType::kInetProtocol;
        case 13:
            return DataType::kInetService;
        case 19:
            return DataType::kMark;
        default:
            return std::nullopt;
    }
}

std::optional<std::vector<DataType>> decode_types(std::uint32_t number) {
    if (number == NFT_DATA_VERDICT) return std::vector{DataType::kVerdict};
    constexpr unsigned kBitsPerType = 6;
    constexpr std::uint32_t kTypeMask = 0x3f;
    std::vector<DataType> types;
    for (; number != 0; number >>= kBitsPerType) {
        const auto type = decode_type(number & kTypeMask);
        if (!type) return std::nullopt;
        types.insert(types.begin(), *type);
    }
    return types;
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
    const auto data = attributes.nested(NFTA_SET_ELEM_DATA);
    raw.element.data = decode_bytes(data.payload(NFTA_DATA_VALUE));
    const auto verdict = data.nested(NFTA_DATA_VERDICT);
    if (verdict.be32(NFTA_VERDICT_CODE) == static_cast<std::uint32_t>(NFT_GOTO))
        raw.element.verdict_chain = verdict.text(NFTA_VERDICT_CHAIN);
    raw.interval_end = (attributes.be32(NFTA_SET_ELEM_FLAGS).value_or(0) & NFT_SET_ELEM_INTERVAL_END) != 0;
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

std::optional<Table> decode_table(const Message& message) {
    if (message.type != message_type(NFT_MSG_NEWTABLE)) return std::nullopt;
    const auto attributes = attributes_of(message);
    const auto family = family_of(message);
    const std::string name{attributes.text(NFTA_TABLE_NAME)};
    if (name.empty()) return std::nullopt;
    Table table{family, name,
                user_data_text(attributes.payload(NFTA_TABLE_USERDATA), kCommentOfTableChainOrRule)};
    // Such as dormant, which switches all of it off: not a table as we make it, whatever its comment says.
    if (attributes.be32(NFTA_TABLE_FLAGS).value_or(0) != 0) table.comment.clear();
    return table;
}

std::optional<Chain> decode_chain(const Message& message, std::string_view table) {
    const auto attributes = attributes_if(message, NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE, table);
    if (!attributes) return std::nullopt;
    return Chain{std::string(attributes->text(NFTA_CHAIN_NAME)), decode_hook(*attributes),
                 user_data_text(attributes->payload(NFTA_CHAIN_USERDATA), kCommentOfTableChainOrRule)};
}

std::optional<Rule> decode_rule(const Message& message, std::string_view table) {
    const auto attributes = attributes_if(message, NFT_MSG_NEWRULE, NFTA_RULE_TABLE, table);
    if (!attributes) return std::nullopt;
    Rule rule{std::string(attributes->text(NFTA_RULE_CHAIN)),
              {},
              user_data_text(attributes->payload(NFTA_RULE_USERDATA), kCommentOfTableChainOrRule)};
    auto list = attributes->nested(NFTA_RULE_EXPRESSIONS);
    while (const auto item = list.next())
        rule.expressions.push_back(decode_expression(Attributes{item->payload}, family_of(message)));
    return rule;
}

std::optional<Set> decode_set(const Message& message, std::string_view table) {
    const auto attributes = attributes_if(message, NFT_MSG_NEWSET, NFTA_SET_TABLE, table);
    if (!attributes) return std::nullopt;
    const auto flags = attributes->be32(NFTA_SET_FLAGS).value_or(0);
    constexpr std::uint32_t kOurFlags = NFT_SET_INTERVAL | NFT_SET_MAP;
    if ((flags & ~kOurFlags) != 0) return std::nullopt;
    const auto key = decode_types(attributes->be32(NFTA_SET_KEY_TYPE).value_or(0));
    const auto data =
        decode_types((flags & NFT_SET_MAP) != 0 ? attributes->be32(NFTA_SET_DATA_TYPE).value_or(0) : 0);
    if (!key || !data) return std::nullopt;
    return Set{std::string(attributes->text(NFTA_SET_NAME)), *key, *data, (flags & NFT_SET_INTERVAL) != 0,
               user_data_text(attributes->payload(NFTA_SET_USERDATA), kSetComment)};
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

std::vector<Element> join_intervals(std::vector<RawElement> raw) {
    // An end sorts before a start with the same key: adjacent ranges.
    std::ranges::sort(raw, [](const RawElement& a, const RawElement& b) {
        return a.element.key != b.element.key ? a.element.key < b.element.key
                                              : a.interval_end && !b.interval_end;
    });
    std::vector<Element> ranges;
    for (const auto& part : raw) {
        if (part.element.key.empty()) continue;
        const bool again = !ranges.empty() && ranges.back().key == part.element.key;
        if (again) continue;  // the kernel never has two of a key
        // A range goes on to the next boundary, be that an end or a start: some tools leave such ends out.
        if (!ranges.empty() && ranges.back().key_end.empty())
            ranges.back().key_end = previous_key(part.element.key);
        if (!part.interval_end) ranges.push_back(part.element);
    }
    if (!ranges.empty() && ranges.back().key_end.empty()) ranges.back().key_end = last_key(ranges.back().key);
    return ranges;
}

std::optional<std::uint32_t> decode_generation(const Message& message) {
    if (message.type != message_type(NFT_MSG_NEWGEN)) return std::nullopt;
    return attributes_of(message).be32(NFTA_GEN_ID);
}

std::string_view table_name_of(const Message& message) {
    if (message.type >> 8U != NFNL_SUBSYS_NFTABLES || message.type == message_type(NFT_MSG_NEWGEN)) return {};
    // Every kind of object has its table's name in attribute 1 (NFTA_TABLE_NAME, NFTA_RULE_TABLE, ...).
    return attributes_of(message).text(NFTA_TABLE_NAME);
}

}  // namespace fairlead::kernel::nftables
