#include <linux/netfilter/nf_nat.h>

#include "base/assert.h"
#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

using netlink::MessageBuilder;

std::uint32_t wire(Register number) {
    return NFT_REG32_00 + number;
}

void put_data(MessageBuilder& builder, std::uint16_t type, std::span<const std::byte> value) {
    const auto data = builder.begin_nested(type);
    builder.put(NFTA_DATA_VALUE, value);
    builder.end_nested(data);
}

/// Writes the attributes of each kind of expression; returns the kernel's name for it.
struct DataEncoder {
    MessageBuilder& builder;
    base::Family family;

    void operator()(const LoadPayload& load) {
        builder.put_be32(NFTA_PAYLOAD_DREG, wire(load.to));
        builder.put_be32(NFTA_PAYLOAD_BASE, static_cast<std::uint32_t>(load.base));
        builder.put_be32(NFTA_PAYLOAD_OFFSET, load.offset_bytes);
        builder.put_be32(NFTA_PAYLOAD_LEN, load.length_bytes);
    }
    void operator()(const LoadMeta& load) {
        builder.put_be32(NFTA_META_DREG, wire(load.to));
        builder.put_be32(NFTA_META_KEY, static_cast<std::uint32_t>(load.key));
    }
    void operator()(const LoadCt& load) {
        builder.put_be32(NFTA_CT_DREG, wire(load.to));
        builder.put_be32(NFTA_CT_KEY, static_cast<std::uint32_t>(load.key));
        if (load.direction != CtDirection::kNone)
            builder.put_u8(NFTA_CT_DIRECTION, static_cast<std::uint8_t>(load.direction));
    }
    void operator()(const Bitwise& bitwise) {
        builder.put_be32(NFTA_BITWISE_SREG, wire(bitwise.from));
        builder.put_be32(NFTA_BITWISE_DREG, wire(bitwise.to));
        builder.put_be32(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(bitwise.mask.size()));
        put_data(builder, NFTA_BITWISE_MASK, bitwise.mask);
        put_data(builder, NFTA_BITWISE_XOR, bitwise.xor_with);
    }
    void operator()(const Compare& compare) {
        builder.put_be32(NFTA_CMP_SREG, wire(compare.from));
        builder.put_be32(NFTA_CMP_OP, static_cast<std::uint32_t>(compare.op));
        put_data(builder, NFTA_CMP_DATA, compare.value);
    }
    void operator()(const LookupSet& lookup) {
        builder.put_string(NFTA_LOOKUP_SET, lookup.set);
        builder.put_be32(NFTA_LOOKUP_SREG, wire(lookup.from));
        if (lookup.inverted) builder.put_be32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
    }
    void operator()(const LookupMap& lookup) {
        builder.put_string(NFTA_LOOKUP_SET, lookup.map);
        builder.put_be32(NFTA_LOOKUP_SREG, wire(lookup.from));
        builder.put_be32(NFTA_LOOKUP_DREG, wire(lookup.to));
    }
    void operator()(const LookupVerdict& lookup) {
        builder.put_string(NFTA_LOOKUP_SET, lookup.map);
        builder.put_be32(NFTA_LOOKUP_SREG, wire(lookup.from));
        builder.put_be32(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
    }
    void operator()(const RandomNumber& random) {
        builder.put_be32(NFTA_NG_DREG, wire(random.to));
        builder.put_be32(NFTA_NG_MODULUS, random.modulus);
        builder.put_be32(NFTA_NG_TYPE, NFT_NG_RANDOM);
    }
    void operator()(const JenkinsHash& hash) {
        builder.put_be32(NFTA_HASH_SREG, wire(hash.from));
        builder.put_be32(NFTA_HASH_DREG, wire(hash.to));
        builder.put_be32(NFTA_HASH_LEN, hash.length_bytes);
        builder.put_be32(NFTA_HASH_MODULUS, hash.modulus);
        builder.put_be32(NFTA_HASH_SEED, hash.seed);  // without it the kernel draws one
        builder.put_be32(NFTA_HASH_OFFSET, hash.offset);
        builder.put_be32(NFTA_HASH_TYPE, NFT_HASH_JENKINS);
    }
    void operator()(const LoadImmediate& load) {
        builder.put_be32(NFTA_IMMEDIATE_DREG, wire(load.to));
        put_data(builder, NFTA_IMMEDIATE_DATA, load.value);
    }
    void operator()(const DestinationNat& nat) {
        builder.put_be32(NFTA_NAT_TYPE, NFT_NAT_DNAT);
        builder.put_be32(NFTA_NAT_FAMILY, protocol_family(family));
        builder.put_be32(NFTA_NAT_REG_ADDR_MIN, wire(nat.address));
        builder.put_be32(NFTA_NAT_REG_PROTO_MIN, wire(nat.port));
    }
    void operator()(const Masquerade& masquerade) {
        if (masquerade.fully_random) builder.put_be32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
    }
    void operator()(const Reject& reject) {
        const bool reset = reject.with == RejectWith::kTcpReset;
        builder.put_be32(NFTA_REJECT_TYPE, reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMP_UNREACH);
        if (!reset) builder.put_u8(NFTA_REJECT_ICMP_CODE, port_unreachable_code(family));
    }
    void operator()(const Verdict& verdict) {
        builder.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        const auto data = builder.begin_nested(NFTA_IMMEDIATE_DATA);
        const auto inner = builder.begin_nested(NFTA_DATA_VERDICT);
        builder.put_be32(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(verdict_code(verdict.kind)));
        if (!verdict.chain.empty()) builder.put_string(NFTA_VERDICT_CHAIN, verdict.chain);
        builder.end_nested(inner);
        builder.end_nested(data);
    }
    void operator()(const Counter&) {
        builder.put_be64(NFTA_COUNTER_BYTES, 0);
        builder.put_be64(NFTA_COUNTER_PACKETS, 0);
    }
    void operator()(const Fib& fib) {
        builder.put_be32(NFTA_FIB_FLAGS, static_cast<std::uint32_t>(fib.address));
        builder.put_be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
        builder.put_be32(NFTA_FIB_DREG, wire(fib.to));
    }
    void operator()(const UpdateSet& update) {
        builder.put_string(NFTA_DYNSET_SET_NAME, update.set);
        builder.put_be32(NFTA_DYNSET_OP, static_cast<std::uint32_t>(update.update));
        builder.put_be32(NFTA_DYNSET_SREG_KEY, wire(update.key));
        if (update.data) builder.put_be32(NFTA_DYNSET_SREG_DATA, wire(*update.data));
        if (update.timeout_ms) builder.put_be64(NFTA_DYNSET_TIMEOUT, *update.timeout_ms);
    }
    void operator()(const TransparentProxy& proxy) {
        builder.put_be32(NFTA_TPROXY_FAMILY, protocol_family(family));
        builder.put_be32(NFTA_TPROXY_REG_ADDR, wire(proxy.address));
        builder.put_be32(NFTA_TPROXY_REG_PORT, wire(proxy.port));
    }
    void operator()(const NoTracking&) {}
    void operator()(const ForeignExpression&) {
        FAIRLEAD_ASSERT(false);  // check() refuses them
    }
};

struct NameOf {
    const char* operator()(const LoadPayload&) { return "payload"; }
    const char* operator()(const LoadMeta&) { return "meta"; }
    const char* operator()(const LoadCt&) { return "ct"; }
    const char* operator()(const Bitwise&) { return "bitwise"; }
    const char* operator()(const Compare&) { return "cmp"; }
    const char* operator()(const LookupSet&) { return "lookup"; }
    const char* operator()(const LookupMap&) { return "lookup"; }
    const char* operator()(const LookupVerdict&) { return "lookup"; }
    const char* operator()(const RandomNumber&) { return "numgen"; }
    const char* operator()(const JenkinsHash&) { return "hash"; }
    const char* operator()(const LoadImmediate&) { return "immediate"; }
    const char* operator()(const DestinationNat&) { return "nat"; }
    const char* operator()(const Masquerade&) { return "masq"; }
    const char* operator()(const Reject&) { return "reject"; }
    const char* operator()(const Verdict&) { return "immediate"; }
    const char* operator()(const Counter&) { return "counter"; }
    const char* operator()(const Fib&) { return "fib"; }
    const char* operator()(const UpdateSet&) { return "dynset"; }
    const char* operator()(const TransparentProxy&) { return "tproxy"; }
    const char* operator()(const NoTracking&) { return "notrack"; }
    const char* operator()(const ForeignExpression& foreign) { return foreign.name.c_str(); }
};

}  // namespace

std::int32_t verdict_code(VerdictKind kind) {
    switch (kind) {
        case VerdictKind::kAccept:
            return NF_ACCEPT;
        case VerdictKind::kDrop:
            return NF_DROP;
        case VerdictKind::kReturn:
            return NFT_RETURN;
        case VerdictKind::kJump:
            return NFT_JUMP;
        case VerdictKind::kGoto:
            return NFT_GOTO;
    }
    return NF_ACCEPT;
}

void encode_expression(MessageBuilder& builder, base::Family family, const Expression& expression) {
    const auto element = builder.begin_nested(NFTA_LIST_ELEM);
    builder.put_string(NFTA_EXPR_NAME, std::visit(NameOf{}, expression));
    const auto data = builder.begin_nested(NFTA_EXPR_DATA);
    std::visit(DataEncoder{builder, family}, expression);
    builder.end_nested(data);
    builder.end_nested(element);
}

}  // namespace fairlead::kernel::nftables
