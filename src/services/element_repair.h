#pragma once

#include "base/result.h"
#include "kernel/nftables/nft_tables.h"
#include "kernel/nftables/transaction.h"
#include "services/programmed_table.h"

namespace fairlead::services {

/// What gives the kernel's table of `family` the elements back that it had when it was as `programmed` says,
/// and takes away those that it had not. Its chains, rules and sets must be right. What clients keep
/// (`affinity`) is the packets' and left alone.
base::Result<kernel::nftables::Transaction> repair_elements(kernel::nftables::NftTables& tables,
                                                            base::Family family,
                                                            const ProgrammedTable& programmed);

}  // namespace fairlead::services
