#include "kernel/nftables/data_types.h"
#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/set_codec.h"
#include "kernel/nftables/user_data.h"
#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

using netlink::MessageBuilder;

std::uint32_t length_of(const std::vector<DataType>& types) {
    return static_cast<std::uint32_t>(size_bytes_of(types));
}

std::uint32_t flags_of(const Set& set) {
    std::uint32_t flags = 0;
    if (!set.data.empty()) flags |= NFT_SET_MAP;
    if (set.interval) flags |= NFT_SET_INTERVAL;
    if (has_concatenated_ranges(set)) flags |= NFT_SET_CONCAT;
    if (set.dynamic) flags |= NFT_SET_EVAL;
    if (set.timeout) flags |= NFT_SET_TIMEOUT;
    return flags;
}

/// 0 (none) for a concatenation, as nft has it.
std::uint32_t byte_order_of(const std::vector<DataType>& types) {
    if (types.size() != 1 || types.front() == DataType::kVerdict) return 0;
    const bool host = types.front() == DataType::kMark || types.front() == DataType::kInterfaceName;
    return host ? kHostByteOrder : kNetworkByteOrder;
}

void put_description(MessageBuilder& builder, const Set& set) {
    if (set.size == 0 && !has_concatenated_ranges(set)) return;
    const auto description = builder.begin_nested(NFTA_SET_DESC);
    if (set.size != 0) builder.put_be32(NFTA_SET_DESC_SIZE, set.size);
    if (has_concatenated_ranges(set)) {
        const auto fields = builder.begin_nested(NFTA_SET_DESC_CONCAT);
        for (const auto type : set.key) {
            const auto field = builder.begin_nested(NFTA_LIST_ELEM);
            builder.put_be32(NFTA_SET_FIELD_LEN, static_cast<std::uint32_t>(size_bytes_of(type)));
            builder.end_nested(field);
        }
        builder.end_nested(fields);
    }
    builder.end_nested(description);
}

void put_user_data(MessageBuilder& builder, const Set& set) {
    UserData data;
    data.put_number(kSetKeyByteOrder, byte_order_of(set.key));
    if (!set.data.empty()) {
        data.put_number(kSetDataByteOrder, byte_order_of(set.data));
        data.put_number(kSetDataInterval, 0);
    }
    if (!set.comment.empty()) data.put_text(kSetComment, set.comment);
    builder.put(NFTA_SET_USERDATA, data.bytes());
}

void put_counter(MessageBuilder& builder) {
    const auto expression = builder.begin_nested(NFTA_SET_EXPR);
    builder.put_string(NFTA_EXPR_NAME, "counter");
    builder.end_nested(builder.begin_nested(NFTA_EXPR_DATA));
    builder.end_nested(expression);
}

/// The key after this one of network-order bytes; empty when it overflows, that is, nothing lies above.
std::vector<std::byte> next_key(std::span<const std::byte> key) {
    std::vector<std::byte> next(key.begin(), key.end());
    for (auto byte = next.rbegin(); byte != next.rend(); ++byte) {
        *byte = static_cast<std::byte>(std::to_integer<unsigned>(*byte) + 1);
        if (*byte != std::byte{0}) return next;
    }
    return {};
}

void put_value(MessageBuilder& builder, std::uint16_t type, std::span<const std::byte> value) {
    const auto nested = builder.begin_nested(type);
    builder.put(NFTA_DATA_VALUE, value);
    builder.end_nested(nested);
}

void put_goto(MessageBuilder& builder, const std::string& chain) {
    const auto data = builder.begin_nested(NFTA_SET_ELEM_DATA);
    const auto verdict = builder.begin_nested(NFTA_DATA_VERDICT);
    builder.put_be32(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(verdict_code(VerdictKind::kGoto)));
    builder.put_string(NFTA_VERDICT_CHAIN, chain);
    builder.end_nested(verdict);
    builder.end_nested(data);
}

void put_interval_end(MessageBuilder& builder, std::span<const std::byte> key) {
    const auto item = builder.begin_nested(NFTA_LIST_ELEM);
    builder.put_be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
    put_value(builder, NFTA_SET_ELEM_KEY, key);
    builder.end_nested(item);
}

}  // namespace

bool has_concatenated_ranges(const Set& set) {
    return set.interval && set.key.size() > 1;
}

void encode_set(MessageBuilder& builder, std::string_view table, const Set& set, std::uint32_t id) {
    builder.put_string(NFTA_SET_TABLE, table);
    builder.put_string(NFTA_SET_NAME, set.name);
    builder.put_be32(NFTA_SET_FLAGS, flags_of(set));
    builder.put_be32(NFTA_SET_KEY_TYPE, number_of(set.key));
    builder.put_be32(NFTA_SET_KEY_LEN, length_of(set.key));
    if (!set.data.empty()) {
        builder.put_be32(NFTA_SET_DATA_TYPE, number_of(set.data));
        // A chain's address lies in the data of a verdict; the kernel knows its size.
        if (!holds_verdicts(set)) builder.put_be32(NFTA_SET_DATA_LEN, length_of(set.data));
    }
    put_description(builder, set);
    builder.put_be32(NFTA_SET_ID, id);
    put_user_data(builder, set);
    if (set.counts) put_counter(builder);
}

void encode_element(MessageBuilder& builder, const Element& element, ElementForm form) {
    const auto item = builder.begin_nested(NFTA_LIST_ELEM);
    put_value(builder, NFTA_SET_ELEM_KEY, element.key.bytes());
    if (form.concatenated && !element.key_end.empty())
        put_value(builder, NFTA_SET_ELEM_KEY_END, element.key_end.bytes());
    if (form.with_data && !element.data.empty()) put_value(builder, NFTA_SET_ELEM_DATA, element.data.bytes());
    if (form.with_data && !element.verdict_chain.empty()) put_goto(builder, element.verdict_chain);
    builder.end_nested(item);
    if (form.concatenated || element.key_end.empty()) return;
    // The first key after the range ends it; a range up to the last key of all is left open.
    const auto after = next_key(element.key_end.bytes());
    if (!after.empty()) put_interval_end(builder, after);
}

void encode_key(MessageBuilder& builder, const ElementBytes& key, bool range_end) {
    if (range_end) return put_interval_end(builder, key.bytes());
    const auto item = builder.begin_nested(NFTA_LIST_ELEM);
    put_value(builder, NFTA_SET_ELEM_KEY, key.bytes());
    builder.end_nested(item);
}

}  // namespace fairlead::kernel::nftables
