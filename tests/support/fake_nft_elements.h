#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "kernel/nftables/objects.h"

// The elements of FakeNftTables.
namespace fairlead::test {

/// 0, or the errno with which the kernel refuses.
using Errno = int;

struct HeldElement {
    kernel::nftables::Element element;
    kernel::nftables::Counts counts;
};

/// Ordered for interval sets, where neighbours matter; in order of arrival for ranges of a concatenated key,
/// where the first one counts that a key lies in; hashed for the large ones.
struct FakeElements {
    absl::flat_hash_map<kernel::nftables::ElementBytes, HeldElement> hashed;
    std::map<kernel::nftables::ElementBytes, HeldElement> ordered;
    std::vector<HeldElement> concatenated;

    [[nodiscard]] std::size_t size() const { return hashed.size() + ordered.size() + concatenated.size(); }
};

void for_each(const FakeElements& elements, const std::function<void(const HeldElement&)>& visit);

struct FakeSet {
    kernel::nftables::Set definition;
    std::shared_ptr<FakeElements> elements = std::make_shared<FakeElements>();
};

/// The element that a packet with that key finds; null if there is none.
const HeldElement* find(const FakeSet& set, const kernel::nftables::ElementBytes& key);

/// What one transaction does to elements. They are changed in place, with a log to undo that.
class ElementChanges {
  public:
    /// Before the first change of a set. Ranges of a concatenated key are copied instead of logged: to undo
    /// their changes is to go back to the set from before.
    static void begin(FakeSet& set);

    Errno add(FakeSet& set, const kernel::nftables::Element& element);
    Errno take(FakeSet& set, const kernel::nftables::Element& element);
    void undo();

  private:
    struct Undo {
        std::shared_ptr<FakeElements> elements;
        bool ordered;
        kernel::nftables::ElementBytes key;
        std::optional<HeldElement> before;
    };

    Errno add_hashed(FakeSet& set, const kernel::nftables::Element& element);
    Errno add_range(FakeSet& set, const kernel::nftables::Element& element);
    template <class Map>
    Errno take_from(FakeSet& set, Map FakeElements::* kind, const kernel::nftables::Element& element);

    std::vector<Undo> log_;
};

}  // namespace fairlead::test
