#pragma once

#include "base/result.h"
#include "kernel/nftables/transaction.h"

namespace fairlead::kernel::nftables {

/// Refuses (kInvalid, naming the object) what every kernel would refuse, whatever it holds: names and sizes
/// out of range, elements and rules that do not fit a set added in the same transaction, registers past the
/// last. Also what some kernels or stock nft cannot cope with: packets that change a set not made for it,
/// keys of more than 5 fields. Before the kernel sees it, because kernels before November 2025 validate every
/// later batch in full once one has failed (Linux commit 6f93616a7323).
base::Result<void> check(const Transaction& transaction);

}  // namespace fairlead::kernel::nftables
