#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "kube/objects.h"

namespace fairlead::dns {

class VerdictTable;

/// Whether a search walk may be answered at its first query.
enum class CollapseMode : std::uint8_t {
    kOff,
    kCount,  ///< no, but what would have been answered so is counted
    kOn,
};

/// "off", "count" or "on".
std::string_view name_of(CollapseMode mode);
/// The other way round; anything else is an error.
base::Result<CollapseMode> parse_collapse_mode(std::string_view text);

/// How one pod's resolver walks through its search list. Immutable and shared.
struct SearchContext : std::enable_shared_from_this<SearchContext> {
    kube::ObjectKey pod;
    std::string pod_uid;
    std::uint64_t pod_number = 0;  ///< another one for each pod identity (uid), never used again
    std::vector<Name>
        search;  ///< in the order of its resolv.conf, in lower case; empty where it is not known
    /// `search`, then the other domains that a pod of this node searches whose walk begins with the same one:
    /// an address may have passed from one of them to another before we hear of it.
    std::vector<Name> checked;
    /// Another one for each `checked` that this walk has had, and for each set of upstreams.
    std::uint64_t checked_version = 0;
    unsigned ndots = 1;
    CollapseMode mode = CollapseMode::kOff;
    std::string why_off;  ///< where its resolv.conf, not somebody's wish, is what keeps the mode off
    std::shared_ptr<VerdictTable> verdicts;  ///< of this walk; never nullptr
};

}  // namespace fairlead::dns
