#pragma once

#include <cstddef>
#include <vector>

#include "services/chunk.h"
#include "services/wanted_state.h"

namespace fairlead::services {

/// Takes as many of the wanted changes as one transaction may have, so that the kernel's table is right after
/// each: an address is known before its frontends, and until they are gone.
class ChangeTaker {
  public:
    /// `limit`: no change is taken any more once the chunk has this many elements; the last one may go over.
    ChangeTaker(WantedState& wanted, Chunk& chunk, std::size_t limit)
        : wanted_(wanted), chunk_(chunk), limit_(limit) {}

    /// Puts changes into the chunk. They stay wanted until forget().
    void take();

    /// After the kernel has what was taken: it is wanted no more.
    void forget();

  private:
    /// Backends of all changed frontends.
    [[nodiscard]] std::size_t changed_endpoints() const;
    [[nodiscard]] bool full() const { return chunk_.element_count() >= limit_; }
    void take_addresses(bool wanted);
    void take_idle_endpoints(bool wanted);

    WantedState& wanted_;
    Chunk& chunk_;
    std::size_t limit_;
    std::vector<Frontend> frontends_;
    std::vector<base::IpAddress> cluster_ips_;
    std::vector<base::IpAddress> hairpins_;
    std::vector<ServiceEndpoint> idle_endpoints_;
};

}  // namespace fairlead::services
