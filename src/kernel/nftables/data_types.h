#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/nftables/objects.h"

namespace fairlead::kernel::nftables {

/// nft's numbers of concatenated fields (its datatype list), 6 bits each, as NFTA_SET_KEY_TYPE and
/// NFTA_SET_DATA_TYPE have them; NFT_DATA_VERDICT for a verdict.
std::uint32_t number_of(const std::vector<DataType>& types);

/// The other way round; nullopt if one of them is not ours.
std::optional<std::vector<DataType>> types_of(std::uint32_t number);

}  // namespace fairlead::kernel::nftables
