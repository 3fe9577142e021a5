#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "kernel/netlink/socket.h"
#include "kernel/nftables/objects.h"

namespace fairlead::kernel::nftables {

/// Reads what the counters in rules have counted since the rules were added. Costs as much as the chain has
/// rules, however large the table is.
class RuleCounts {
  public:
    static base::Result<RuleCounts> open();

    /// All counters of a chain together; nullopt if there is no such chain or no counter in it.
    base::Result<std::optional<Counts>> of_chain(base::Family family, std::string_view table,
                                                 std::string_view chain);

  private:
    explicit RuleCounts(netlink::Socket socket) : socket_(std::move(socket)) {}

    netlink::Socket socket_;
};

}  // namespace fairlead::kernel::nftables
