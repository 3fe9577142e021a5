#include "support/fake_nft_elements.h"

#include <algorithm>
#include <cerrno>

namespace fairlead::test {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

bool has_concatenated_ranges(const Set& set) {
    return set.interval && set.key.size() > 1;
}

/// Whether a key lies in a range, field by field.
bool lies_in(const ElementBytes& key, const Element& range, const std::vector<DataType>& fields) {
    std::size_t offset = 0;
    for (const auto field : fields) {
        const auto part = [&](const ElementBytes& bytes) {
            const auto bytes_of_field = bytes.bytes().subspan(offset, size_bytes_of(field));
            return std::vector<std::byte>(bytes_of_field.begin(), bytes_of_field.end());
        };
        if (part(key) < part(range.key) || part(key) > part(range.key_end)) return false;
        offset += padded_size_bytes(field);
    }
    return true;
}

auto first_around(const FakeSet& set, const ElementBytes& key) {
    return std::ranges::find_if(set.elements->concatenated, [&](const HeldElement& held) {
        return lies_in(key, held.element, set.definition.key);
    });
}

/// The kernel looks up the two ends, so it takes a range that lies all around another.
Errno add_concatenated(FakeSet& set, const Element& element) {
    auto& ranges = set.elements->concatenated;
    if (first_around(set, element.key) != ranges.end()) return EEXIST;
    if (first_around(set, element.key_end) != ranges.end()) return EEXIST;
    if (!lies_in(element.key, element, set.definition.key)) return EINVAL;  // it ends before it begins
    ranges.push_back({element, {}});
    return 0;
}

/// The kernel looks up the begin and minds the end no more.
Errno take_concatenated(FakeSet& set, const Element& element) {
    const auto found = first_around(set, element.key);
    if (found == set.elements->concatenated.end()) return ENOENT;
    set.elements->concatenated.erase(found);
    return 0;
}

}  // namespace

void for_each(const FakeElements& elements, const std::function<void(const HeldElement&)>& visit) {
    for (const auto& [key, held] : elements.hashed)
        visit(held);
    for (const auto& [key, held] : elements.ordered)
        visit(held);
    for (const auto& held : elements.concatenated)
        visit(held);
}

const HeldElement* find(const FakeSet& set, const ElementBytes& key) {
    const auto& [hashed, ordered, concatenated] = *set.elements;
    if (has_concatenated_ranges(set.definition)) {
        const auto found = first_around(set, key);
        return found == concatenated.end() ? nullptr : &*found;
    }
    if (!set.definition.interval) {
        const auto found = hashed.find(key);
        return found == hashed.end() ? nullptr : &found->second;
    }
    const auto after = ordered.upper_bound(key);
    if (after == ordered.begin()) return nullptr;
    const auto& nearest = std::prev(after)->second;
    return nearest.element.key_end < key ? nullptr : &nearest;
}

void ElementChanges::begin(FakeSet& set) {
    if (has_concatenated_ranges(set.definition)) set.elements = std::make_shared<FakeElements>(*set.elements);
}

Errno ElementChanges::add(FakeSet& set, const Element& element) {
    const auto& definition = set.definition;
    if (definition.size != 0 && set.elements->size() >= definition.size) return ENFILE;
    if (has_concatenated_ranges(definition)) return add_concatenated(set, element);
    return definition.interval ? add_range(set, element) : add_hashed(set, element);
}

Errno ElementChanges::add_hashed(FakeSet& set, const Element& element) {
    if (!set.elements->hashed.try_emplace(element.key, HeldElement{element, {}}).second) return EEXIST;
    log_.push_back({set.elements, false, element.key, {}});
    return 0;
}

Errno ElementChanges::add_range(FakeSet& set, const Element& element) {
    auto& ranges = set.elements->ordered;
    const auto after = ranges.upper_bound(element.key_end);
    if (after != ranges.begin()) {
        const auto& nearest = std::prev(after)->second.element;
        if (nearest.key_end >= element.key) return EEXIST;
    }
    ranges.emplace_hint(after, element.key, HeldElement{element, {}});
    log_.push_back({set.elements, true, element.key, {}});
    return 0;
}

Errno ElementChanges::take(FakeSet& set, const Element& element) {
    if (has_concatenated_ranges(set.definition)) return take_concatenated(set, element);
    return set.definition.interval ? take_from(set, &FakeElements::ordered, element)
                                   : take_from(set, &FakeElements::hashed, element);
}

template <class Map>
Errno ElementChanges::take_from(FakeSet& set, Map FakeElements::* kind, const Element& element) {
    auto& map = (*set.elements).*kind;
    const auto found = map.find(element.key);
    if (found == map.end() || found->second.element.key_end != element.key_end) return ENOENT;
    log_.push_back({set.elements, std::is_same_v<Map, decltype(FakeElements::ordered)>, element.key,
                    std::move(found->second)});
    map.erase(found);
    return 0;
}

void ElementChanges::undo() {
    for (auto it = log_.rbegin(); it != log_.rend(); ++it) {
        const auto put_back = [&](auto& map) {
            if (it->before)
                map.insert_or_assign(it->key, *std::move(it->before));
            else
                map.erase(it->key);
        };
        if (it->ordered)
            put_back(it->elements->ordered);
        else
            put_back(it->elements->hashed);
    }
    log_.clear();
}

}  // namespace fairlead::test
