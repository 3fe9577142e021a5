#include "kube/packed_names.h"

#include <algorithm>

namespace fairlead::kube {

namespace {

constexpr std::size_t kMostShared = 255;  // what a byte holds

}  // namespace

void PackedNames::set(std::size_t index, std::string_view name) {
    name = name.substr(0, name.find('\0'));
    if (name.empty() || index < count_) return;
    while (count_ < index)
        append("");
    append(name);
}

void PackedNames::append(std::string_view name) {
    const auto first = std::string_view{bytes_}.substr(std::min<std::size_t>(1, bytes_.size()));
    const auto longest = std::min({name.size(), first.find('\0'), first.size(), kMostShared});
    const auto differs = std::ranges::mismatch(name.substr(0, longest), first.substr(0, longest)).in1;
    const auto shared = static_cast<std::size_t>(differs - name.begin());
    bytes_.push_back(static_cast<char>(static_cast<unsigned char>(shared)));
    bytes_.append(name.substr(shared)).push_back('\0');
    ++count_;
}

std::vector<std::string> PackedNames::all() const {
    std::vector<std::string> names;
    names.reserve(count_);
    for (std::string_view rest = bytes_; !rest.empty();) {
        const auto end = rest.find('\0', 1);
        auto name =
            names.empty() ? std::string{} : names.front().substr(0, static_cast<unsigned char>(rest.front()));
        names.push_back(name.append(rest.substr(1, end - 1)));
        rest.remove_prefix(end + 1);
    }
    return names;
}

}  // namespace fairlead::kube
