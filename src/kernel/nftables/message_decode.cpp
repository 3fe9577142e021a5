#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/user_data.h"
#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

using netlink::Attributes;
using netlink::Message;

/// nfgenmsg begins with the family; tables of others than the two are never asked for.
base::Family family_of(const Message& message) {
    const bool ipv6 = !message.payload.empty() && message.payload[0] == std::byte{NFPROTO_IPV6};
    return ipv6 ? base::Family::kIpv6 : base::Family::kIpv4;
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

}  // namespace

std::optional<Table> decode_table(const Message& message) {
    if (message.type != message_type(NFT_MSG_NEWTABLE)) return std::nullopt;
    const auto attributes = attributes_of(message);
    const auto family = family_of(message);
    const std::string name{attributes.text(NFTA_TABLE_NAME)};
    if (name.empty()) return std::nullopt;
    Table table{family, name,
                user_data_text(attributes.payload(NFTA_TABLE_USERDATA), kCommentOfTableChainOrRule)};
    const auto flags = attributes.be32(NFTA_TABLE_FLAGS).value_or(0);
    table.owned = (flags & NFT_TABLE_F_OWNER) != 0;
    // Such as dormant, which switches all of it off: not a table as we make it, whatever its comment says.
    if ((flags & ~std::uint32_t{NFT_TABLE_F_OWNER}) != 0) table.comment.clear();
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

std::optional<Counts> decode_rule_counts(const Message& message, std::string_view table,
                                         std::string_view chain) {
    const auto attributes = attributes_if(message, NFT_MSG_NEWRULE, NFTA_RULE_TABLE, table);
    if (!attributes || attributes->text(NFTA_RULE_CHAIN) != chain) return std::nullopt;
    std::optional<Counts> sum;
    auto list = attributes->nested(NFTA_RULE_EXPRESSIONS);
    while (const auto item = list.next()) {
        const Attributes expression{item->payload};
        if (expression.text(NFTA_EXPR_NAME) != "counter") continue;
        const auto counter = expression.nested(NFTA_EXPR_DATA);
        if (!sum) sum.emplace();
        sum->packets += counter.be64(NFTA_COUNTER_PACKETS).value_or(0);
        sum->bytes += counter.be64(NFTA_COUNTER_BYTES).value_or(0);
    }
    return sum;
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
