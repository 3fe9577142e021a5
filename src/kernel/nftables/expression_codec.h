#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "kernel/netlink/attributes.h"
#include "kernel/netlink/message.h"
#include "kernel/nftables/expressions.h"

namespace fairlead::kernel::nftables {

/// Appends one NFTA_LIST_ELEM {NFTA_EXPR_NAME, NFTA_EXPR_DATA} (linux/netfilter/nf_tables.h). `family` is the
/// table's.
void encode_expression(netlink::MessageBuilder& builder, base::Family family, const Expression& expression);

/// The other way round, from the inside of an NFTA_LIST_ELEM of a rule in a table of `family`.
Expression decode_expression(const netlink::Attributes& attributes, base::Family family);

/// NF_* and NFT_* numbers of a verdict, and back.
std::int32_t verdict_code(VerdictKind kind);
std::optional<VerdictKind> verdict_kind(std::int32_t code);

}  // namespace fairlead::kernel::nftables
