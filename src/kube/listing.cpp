#include "kube/listing.h"

#include <algorithm>

namespace fairlead::kube {

const ObjectKey& key_of_any(const AnyObject& object) {
    return std::visit([](const auto& known) -> const ObjectKey& { return known.key; }, object);
}

void Listing::put(AnyObject object) {
    const auto& key = key_of_any(object);
    std::erase(unreadable_, key);
    const auto known = std::ranges::find(objects_, key, key_of_any);
    if (known == objects_.end())
        objects_.push_back(std::move(object));
    else
        *known = std::move(object);
}

void Listing::remove(const ObjectKey& key) {
    std::erase(unreadable_, key);
    std::erase_if(objects_, [&](const AnyObject& object) { return key_of_any(object) == key; });
}

void Listing::mark_unreadable(const ObjectKey& key) {
    if (std::ranges::find(objects_, key, key_of_any) == objects_.end()) unreadable_.push_back(key);
}

}  // namespace fairlead::kube
