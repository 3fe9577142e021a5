#include "kernel/nftables/data_types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

constexpr unsigned kBitsPerType = 6;
constexpr std::uint32_t kTypeMask = (1U << kBitsPerType) - 1;

constexpr std::array<std::pair<DataType, std::uint32_t>, 6> kNumbers = {{
    {DataType::kIpv4Address, 7},
    {DataType::kIpv6Address, 8},
    {DataType::kInetProtocol, 12},
    {DataType::kInetService, 13},
    {DataType::kMark, 19},
    {DataType::kInterfaceName, 41},
}};

}  // namespace

std::uint32_t number_of(const std::vector<DataType>& types) {
    if (types == std::vector{DataType::kVerdict}) return NFT_DATA_VERDICT;
    std::uint32_t number = 0;
    for (const auto type : types) {
        const auto* const known = std::ranges::find(kNumbers, type, &decltype(kNumbers)::value_type::first);
        number = (number << kBitsPerType) | (known == kNumbers.end() ? 0 : known->second);
    }
    return number;
}

std::optional<std::vector<DataType>> types_of(std::uint32_t number) {
    if (number == NFT_DATA_VERDICT) return std::vector{DataType::kVerdict};
    std::vector<DataType> types;
    for (; number != 0; number >>= kBitsPerType) {
        const auto* const known =
            std::ranges::find(kNumbers, number & kTypeMask, &decltype(kNumbers)::value_type::second);
        if (known == kNumbers.end()) return std::nullopt;
        types.insert(types.begin(), known->first);
    }
    return types;
}

}  // namespace fairlead::kernel::nftables
