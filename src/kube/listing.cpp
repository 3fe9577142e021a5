#include "kube/listing.h"

#include <algorithm>

namespace fairlead::kube {

namespace {

auto has_key(const ObjectKey& key) {
    return [&key](const AnyObject& object) { return key_of(object) == key; };
}

}  // namespace

const ObjectKey& key_of(const AnyObject& object) {
    return std::visit([](const auto& known) -> const ObjectKey& { return known.key; }, object);
}

void Listing::put(AnyObject object) {
    const auto& key = key_of(object);
    std::erase(unreadable_, key);
    const auto known = std::ranges::find_if(objects_, has_key(key));
    if (known == objects_.end())
        objects_.push_back(std::move(object));
    else
        *known = std::move(object);
}

void Listing::remove(const ObjectKey& key) {
    std::erase(unreadable_, key);
    std::erase_if(objects_, has_key(key));
}

void Listing::mark_unreadable(const ObjectKey& key) {
    if (std::ranges::find_if(objects_, has_key(key)) == objects_.end()) unreadable_.push_back(key);
}

}  // namespace fairlead::kube
