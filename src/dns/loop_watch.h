#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "dns/name.h"

namespace fairlead::dns {

/// Finds upstreams that send our questions back to us. Each is now and then asked for a name that nobody else
/// knows; a query of that name that comes in has come through that upstream. (A mark in an EDNS option would
/// not do: a forwarder in between makes an OPT record of its own, RFC 6891, section 6.1.1.) One object for
/// all workers, since the name may come back to any of them. Thread-safe.
///
/// Until it is found a loop cannot grow: the question that comes back waits for itself (Forwarder joins equal
/// questions) and fails when the time is up.
class LoopWatch {
  public:
    /// `secret` makes the names impossible to guess; `upstreams` is how many there are.
    LoopWatch(std::uint64_t secret, std::size_t upstreams) : secret_(secret), sighted_(upstreams) {}

    /// The name to ask upstream number `upstream` for; one label below the root.
    [[nodiscard]] Name probe_name(std::size_t upstream) const;
    /// Whether a question that came in is one of ours; notes the upstream that it came through.
    bool sight(base::TimePoint now, const Name& name);
    /// Whether it has come back through that upstream since `since`.
    [[nodiscard]] bool sighted_since(std::size_t upstream, base::TimePoint since) const;

  private:
    std::uint64_t secret_;
    std::vector<std::atomic<base::TimePoint::rep>> sighted_;  // 0: never
};

}  // namespace fairlead::dns
