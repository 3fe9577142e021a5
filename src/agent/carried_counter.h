#pragma once

#include <mutex>

#include "services/connection_totals.h"

namespace fairlead::agent {

/// Counts connections on the thread that carries them, for another one that collects the numbers. Safe for
/// both.
class CarriedCounter {
  public:
    /// Off at first. Switching forgets what is not collected.
    void switch_to(bool counting);
    void note_served(const services::ServicePort& port, const services::Backend& backend);
    void note_denied(const services::ServicePort& port, services::Denial denial);

    /// What was counted since the last call.
    services::CarriedConnections take();

  private:
    std::mutex mutex_;
    bool counting_ = false;
    services::CarriedConnections connections_;
};

}  // namespace fairlead::agent
