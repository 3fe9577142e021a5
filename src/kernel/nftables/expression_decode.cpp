#include <linux/netfilter/nf_nat.h>

#include <array>
#include <utility>

#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

using netlink::Attributes;

constexpr Register kRegisters = 16;

/// A register as the kernel reports it: 16-byte registers by their old numbers 1 to 4, others as NFT_REG32_00
/// and on.
std::optional<Register> decode_register(std::optional<std::uint32_t> number) {
    if (!number) return std::nullopt;
    if (*number >= NFT_REG_1 && *number <= NFT_REG_4) return static_cast<Register>((*number - NFT_REG_1) * 4);
    if (*number >= NFT_REG32_00 && *number < NFT_REG32_00 + kRegisters)
        return static_cast<Register>(*number - NFT_REG32_00);
    return std::nullopt;
}

std::vector<std::byte> decode_value(const Attributes& data) {
    const auto value = data.payload(NFTA_DATA_VALUE);
    return {value.begin(), value.end()};
}

std::optional<Expression> decode_payload(const Attributes& data, base::Family) {
    const auto to = decode_register(data.be32(NFTA_PAYLOAD_DREG));
    const auto base = data.be32(NFTA_PAYLOAD_BASE);
    const auto offset = data.be32(NFTA_PAYLOAD_OFFSET);
    const auto length = data.be32(NFTA_PAYLOAD_LEN);
    if (!to || !base || *base > NFT_PAYLOAD_TRANSPORT_HEADER || !offset || *offset > 255 || !length ||
        *length > 255)
        return std::nullopt;
    return LoadPayload{static_cast<PayloadBase>(*base), static_cast<std::uint8_t>(*offset),
                       static_cast<std::uint8_t>(*length), *to};
}

std::optional<Expression> decode_meta(const Attributes& data, base::Family) {
    const auto to = decode_register(data.be32(NFTA_META_DREG));
    const auto key = data.be32(NFTA_META_KEY);
    if (!to || !key) return std::nullopt;
    for (const auto known :
         {MetaKey::kMark, MetaKey::kInputInterface, MetaKey::kOutputInterface, MetaKey::kInputInterfaceName,
          MetaKey::kOutputInterfaceName, MetaKey::kL4Protocol})
        if (*key == static_cast<std::uint32_t>(known)) return LoadMeta{known, *to};
    return std::nullopt;
}

std::optional<Expression> decode_ct(const Attributes& data, base::Family) {
    const auto to = decode_register(data.be32(NFTA_CT_DREG));
    const auto key = data.be32(NFTA_CT_KEY);
    const auto direction = data.u8(NFTA_CT_DIRECTION);
    if (!to || !key || *key > NFT_CT_DST_IP6 || (direction && *direction > 1)) return std::nullopt;
    return LoadCt{static_cast<CtKey>(*key),
                  direction ? static_cast<CtDirection>(*direction) : CtDirection::kNone, *to};
}

std::optional<Expression> decode_bitwise(const Attributes& data, base::Family) {
    const auto from = decode_register(data.be32(NFTA_BITWISE_SREG));
    const auto to = decode_register(data.be32(NFTA_BITWISE_DREG));
    if (!from || !to || data.be32(NFTA_BITWISE_OP).value_or(NFT_BITWISE_BOOL) != NFT_BITWISE_BOOL)
        return std::nullopt;
    Bitwise bitwise{*from, *to, decode_value(data.nested(NFTA_BITWISE_MASK)),
                    decode_value(data.nested(NFTA_BITWISE_XOR))};
    const auto length = data.be32(NFTA_BITWISE_LEN);
    if (length != bitwise.mask.size() || length != bitwise.xor_with.size()) return std::nullopt;
    return bitwise;
}

std::optional<Expression> decode_compare(const Attributes& data, base::Family) {
    const auto from = decode_register(data.be32(NFTA_CMP_SREG));
    const auto op = data.be32(NFTA_CMP_OP);
    if (!from || !op || *op > NFT_CMP_GTE) return std::nullopt;
    return Compare{*from, static_cast<CompareOp>(*op), decode_value(data.nested(NFTA_CMP_DATA))};
}

std::optional<Expression> decode_lookup(const Attributes& data, base::Family) {
    const auto from = decode_register(data.be32(NFTA_LOOKUP_SREG));
    const std::string set{data.text(NFTA_LOOKUP_SET)};
    const auto to = data.be32(NFTA_LOOKUP_DREG);
    const bool inverted = (data.be32(NFTA_LOOKUP_FLAGS).value_or(0) & NFT_LOOKUP_F_INV) != 0;
    if (!from || set.empty()) return std::nullopt;
    if (!to) return LookupSet{set, *from, inverted};
    if (inverted) return std::nullopt;
    if (*to == NFT_REG_VERDICT) return LookupVerdict{set, *from};
    const auto to_register = decode_register(to);
    if (!to_register) return std::nullopt;
    return LookupMap{set, *from, *to_register};
}

std::optional<Expression> decode_numgen(const Attributes& data, base::Family) {
    const auto to = decode_register(data.be32(NFTA_NG_DREG));
    const auto modulus = data.be32(NFTA_NG_MODULUS);
    const bool plain = data.be32(NFTA_NG_TYPE) == NFT_NG_RANDOM && data.be32(NFTA_NG_OFFSET).value_or(0) == 0;
    if (!to || !modulus || !plain) return std::nullopt;
    return RandomNumber{*modulus, *to};
}

std::optional<Expression> decode_hash(const Attributes& data, base::Family) {
    const auto from = decode_register(data.be32(NFTA_HASH_SREG));
    const auto to = decode_register(data.be32(NFTA_HASH_DREG));
    const auto length = data.be32(NFTA_HASH_LEN);
    const auto modulus = data.be32(NFTA_HASH_MODULUS);
    const auto seed = data.be32(NFTA_HASH_SEED);  // absent when the kernel drew it
    const bool jenkins = data.be32(NFTA_HASH_TYPE).value_or(NFT_HASH_JENKINS) == NFT_HASH_JENKINS;
    if (!from || !to || !length || *length > 255 || !modulus || !seed || !jenkins) return std::nullopt;
    return JenkinsHash{*from, static_cast<std::uint8_t>(*length),      *modulus,
                       *seed, data.be32(NFTA_HASH_OFFSET).value_or(0), *to};
}

std::optional<Expression> decode_fib(const Attributes& data, base::Family) {
    const auto to = decode_register(data.be32(NFTA_FIB_DREG));
    if (!to || data.be32(NFTA_FIB_RESULT) != NFT_FIB_RESULT_ADDRTYPE) return std::nullopt;
    for (const auto address : {FibAddress::kSource, FibAddress::kDestination})
        if (data.be32(NFTA_FIB_FLAGS) == static_cast<std::uint32_t>(address)) return Fib{address, *to};
    return std::nullopt;
}

std::optional<Expression> decode_dynset(const Attributes& data, base::Family) {
    const auto key = decode_register(data.be32(NFTA_DYNSET_SREG_KEY));
    const auto op = data.be32(NFTA_DYNSET_OP);
    const std::string set{data.text(NFTA_DYNSET_SET_NAME)};
    const auto value = data.be32(NFTA_DYNSET_SREG_DATA);
    const auto value_register = decode_register(value);
    if (!key || !op || *op > NFT_DYNSET_OP_DELETE || set.empty() ||
        value.has_value() != value_register.has_value())
        return std::nullopt;
    // Inverted, or with statements of its own.
    if (data.be32(NFTA_DYNSET_FLAGS).value_or(0) != 0 || data.find(NFTA_DYNSET_EXPR) ||
        data.find(NFTA_DYNSET_EXPRESSIONS))
        return std::nullopt;
    UpdateSet update{static_cast<SetUpdate>(*op), set, *key, value_register, data.be64(NFTA_DYNSET_TIMEOUT)};
    if (update.timeout_ms == 0U) update.timeout_ms.reset();  // so the kernel says none
    return update;
}

std::optional<Expression> decode_verdict(const Attributes& verdict) {
    const auto code = verdict.be32(NFTA_VERDICT_CODE);
    const auto kind = code ? verdict_kind(static_cast<std::int32_t>(*code)) : std::nullopt;
    if (!kind) return std::nullopt;
    return Verdict{*kind, std::string(verdict.text(NFTA_VERDICT_CHAIN))};
}

std::optional<Expression> decode_immediate(const Attributes& data, base::Family) {
    const auto contents = data.nested(NFTA_IMMEDIATE_DATA);
    if (data.be32(NFTA_IMMEDIATE_DREG) == NFT_REG_VERDICT)
        return decode_verdict(contents.nested(NFTA_DATA_VERDICT));
    const auto to = decode_register(data.be32(NFTA_IMMEDIATE_DREG));
    if (!to) return std::nullopt;
    return LoadImmediate{*to, decode_value(contents)};
}

std::optional<Expression> decode_nat(const Attributes& data, base::Family family) {
    const auto address = decode_register(data.be32(NFTA_NAT_REG_ADDR_MIN));
    const auto port = decode_register(data.be32(NFTA_NAT_REG_PROTO_MIN));
    if (data.be32(NFTA_NAT_TYPE) != NFT_NAT_DNAT || !address || !port) return std::nullopt;
    if (data.be32(NFTA_NAT_FAMILY) != protocol_family(family)) return std::nullopt;
    // The kernel reports the ends of the ranges and the two flags that follow from them.
    constexpr std::uint32_t kImplied = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED;
    const bool ranges = decode_register(data.be32(NFTA_NAT_REG_ADDR_MAX)).value_or(*address) != *address ||
                        decode_register(data.be32(NFTA_NAT_REG_PROTO_MAX)).value_or(*port) != *port;
    if (ranges || (data.be32(NFTA_NAT_FLAGS).value_or(0) & ~kImplied) != 0) return std::nullopt;
    return DestinationNat{*address, *port};
}

std::optional<Expression> decode_masquerade(const Attributes& data, base::Family) {
    const auto flags = data.be32(NFTA_MASQ_FLAGS).value_or(0);
    if (flags != 0 && flags != NF_NAT_RANGE_PROTO_RANDOM_FULLY) return std::nullopt;
    if (data.find(NFTA_MASQ_REG_PROTO_MIN)) return std::nullopt;
    return Masquerade{flags != 0};
}

std::optional<Expression> decode_reject(const Attributes& data, base::Family family) {
    const auto type = data.be32(NFTA_REJECT_TYPE);
    if (type == NFT_REJECT_TCP_RST) return Reject{RejectWith::kTcpReset};
    if (type == NFT_REJECT_ICMP_UNREACH && data.u8(NFTA_REJECT_ICMP_CODE) == port_unreachable_code(family))
        return Reject{RejectWith::kPortUnreachable};
    return std::nullopt;
}

std::optional<Expression> decode_counter(const Attributes&, base::Family) {
    return Counter{};
}

std::optional<Expression> decode_tproxy(const Attributes& data, base::Family family) {
    const auto address = decode_register(data.be32(NFTA_TPROXY_REG_ADDR));
    const auto port = decode_register(data.be32(NFTA_TPROXY_REG_PORT));
    if (data.be32(NFTA_TPROXY_FAMILY) != protocol_family(family) || !address || !port) return std::nullopt;
    return TransparentProxy{*address, *port};
}

std::optional<Expression> decode_notrack(const Attributes&, base::Family) {
    return NoTracking{};
}

using Decoder = std::optional<Expression> (*)(const Attributes&, base::Family);
constexpr std::array<std::pair<std::string_view, Decoder>, 17> kDecoders = {{
    {"payload", decode_payload},
    {"meta", decode_meta},
    {"ct", decode_ct},
    {"bitwise", decode_bitwise},
    {"cmp", decode_compare},
    {"lookup", decode_lookup},
    {"numgen", decode_numgen},
    {"hash", decode_hash},
    {"immediate", decode_immediate},
    {"nat", decode_nat},
    {"masq", decode_masquerade},
    {"reject", decode_reject},
    {"counter", decode_counter},
    {"fib", decode_fib},
    {"dynset", decode_dynset},
    {"tproxy", decode_tproxy},
    {"notrack", decode_notrack},
}};

}  // namespace

std::optional<VerdictKind> verdict_kind(std::int32_t code) {
    for (const auto kind : {VerdictKind::kAccept, VerdictKind::kDrop, VerdictKind::kReturn,
                            VerdictKind::kJump, VerdictKind::kGoto})
        if (code == verdict_code(kind)) return kind;
    return std::nullopt;
}

Expression decode_expression(const Attributes& attributes, base::Family family) {
    const auto name = attributes.text(NFTA_EXPR_NAME);
    for (const auto& [known, decode] : kDecoders) {
        if (name != known) continue;
        if (auto expression = decode(attributes.nested(NFTA_EXPR_DATA), family))
            return *std::move(expression);
    }
    return ForeignExpression{std::string(name)};
}

}  // namespace fairlead::kernel::nftables
