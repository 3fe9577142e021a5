#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/objects.h"
#include "services/frontend.h"

namespace fairlead::services {

/// One element of fairlead's table, as a packet finds it: see NftTables::find_element.
using FindElement = std::function<base::Result<std::optional<kernel::nftables::FoundElement>>(
    std::string_view set, const kernel::nftables::ElementBytes& key)>;

/// An element of a frontend, beside what the agent wrote.
struct ShownElement {
    std::string set;
    std::string text;  ///< as nft prints it
    bool found = false;
    std::string drift;  ///< how the kernel differs; empty: it does not
};

/// Looks the elements of frontends up, at most so many: each costs the kernel a few microseconds, and a
/// Service may have hundreds of thousands.
class ElementShow {
  public:
    ElementShow(base::Family family, FindElement find, std::size_t limit);

    /// All that the agent wrote for a frontend, `programmed` with the backends by their index, and elements
    /// that are there against its will.
    base::Result<std::vector<ShownElement>> of(const Frontend& frontend, const Backing& programmed,
                                               FrontendKind kind);

    /// Elements that were not looked up.
    [[nodiscard]] std::size_t left_out() const { return left_out_; }

  private:
    base::Result<void> show(std::string_view set, const kernel::nftables::Element& wanted,
                            std::vector<ShownElement>& shown);
    base::Result<void> show_unwanted(std::string_view set, const Frontend& frontend,
                                     std::vector<ShownElement>& shown);
    bool take_one();
    [[nodiscard]] const kernel::nftables::Set& set_of(std::string_view name) const;

    FindElement find_;
    std::vector<kernel::nftables::Set> sets_;
    std::size_t left_;
    std::size_t left_out_ = 0;
};

}  // namespace fairlead::services
