#include "kernel/nftables/dump_check.h"

#include <algorithm>
#include <functional>

namespace fairlead::kernel::nftables {

void DumpCheck::note(const ElementBytes& key) {
    const auto bytes = key.bytes();
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    hashes_.push_back(std::hash<std::string_view>{}(text));
}

bool DumpCheck::whole(std::optional<std::uint32_t> announced) {
    if (announced && *announced != hashes_.size()) return false;
    std::ranges::sort(hashes_);
    return std::ranges::adjacent_find(hashes_) == hashes_.end();
}

}  // namespace fairlead::kernel::nftables
