#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/objects.h"
#include "kernel/nftables/transaction.h"

namespace fairlead::kernel::nftables {

/// A map from the numbers 0 to count-1 in host order (kMark), as nft makes one of `numgen ... mod count map
/// {}`.
struct NumberedMap {
    std::string name;
    std::uint32_t count = 0;
};

/// What features see of nf_tables in the network namespace that the program runs in.
/// One thread uses one object. NetlinkNftTables is the kernel, FakeNftTables the test double that a contract
/// test holds to it.
class NftTables {
  public:
    virtual ~NftTables() = default;

    /// Applies all or nothing. Errors name the object ("set \"frontends\": element 10.0.0.1 . tcp . 80") and
    /// say what the kernel said. What passes (a signal, a full buffer) is retried inside a bounded number of
    /// times; kBusy for good is an object in use.
    virtual base::Result<void> commit(const Transaction& transaction) = 0;

    /// Chains, rules and sets of a table, all of one moment; nullopt if the table does not exist. What of
    /// them fairlead would never write compares unequal to all that it does (see ForeignExpression).
    virtual base::Result<std::optional<TableContents>> read_table(base::Family family,
                                                                  std::string_view name) = 0;

    /// Calls `visit` for each element of a set, in the kernel's order; a consistent snapshot (restarted when
    /// the generation changes in between: `restart` is called first, and what was visited before is void).
    /// What packets or timeouts do to a set meanwhile shows or does not; an element may even come twice.
    virtual base::Result<void> read_elements(base::Family family, std::string_view table,
                                             std::string_view set, const std::function<void()>& restart,
                                             const std::function<void(Element)>& visit) = 0;

    /// Like read_elements, with what each element has counted since it was added; zeros in a set that does
    /// not count (Set::counts).
    virtual base::Result<void> read_counts(base::Family family, std::string_view table, std::string_view set,
                                           const std::function<void()>& restart,
                                           const std::function<void(Element, Counts)>& visit) = 0;

    /// The elements of many small maps of one table, for maps without a name, which nobody changes: each is
    /// of one moment, all of them together need not be. `visit` is called with the place of the map in
    /// `maps`, and only if all went well. The kernel finds a set by going through all sets of the table, so
    /// that reading ten thousand with read_elements takes many seconds; this is several times as fast.
    /// kNotFound if a map, or a number in it, is not there.
    virtual base::Result<void> read_numbered_maps(base::Family family, std::string_view table,
                                                  std::span<const NumberedMap> maps,
                                                  const std::function<void(std::size_t, Element)>& visit) {
        std::vector<std::vector<Element>> elements(maps.size());
        for (std::size_t i = 0; i < maps.size(); ++i) {
            FAIRLEAD_CHECK(read_elements(
                family, table, maps[i].name, [&] { elements[i].clear(); },
                [&](Element element) { elements[i].push_back(std::move(element)); }));
            if (elements[i].size() < maps[i].count)
                return base::fail(base::ErrorCode::kNotFound, "map '" + maps[i].name + "' lacks a number");
        }
        for (std::size_t i = 0; i < maps.size(); ++i)
            for (auto& element : elements[i])
                visit(i, std::move(element));
        return {};
    }

    /// Looks one element up as a packet would: in an interval set the range that `key` lies in, field by
    /// field in a concatenation. nullopt: no packet finds any. Costs the same however large the set is.
    /// kNotFound if there is no such set, kInvalid (EINVAL) if `key` has not the size of its keys.
    virtual base::Result<std::optional<FoundElement>> find_element(base::Family family,
                                                                   std::string_view table,
                                                                   std::string_view set,
                                                                   const ElementBytes& key) = 0;

    /// The ruleset generation (NFT_MSG_GETGEN): changes with every commit of anybody in this namespace.
    virtual base::Result<std::uint32_t> generation() = 0;
};

}  // namespace fairlead::kernel::nftables
