#include "agent/carried_counter.h"

#include <utility>

namespace fairlead::agent {

void CarriedCounter::switch_to(bool counting) {
    const std::scoped_lock lock(mutex_);
    counting_ = counting;
    connections_.clear();
}

void CarriedCounter::note_served(const services::ServicePort& port, const services::Backend& backend) {
    const std::scoped_lock lock(mutex_);
    if (counting_) ++connections_[port].served[backend];
}

void CarriedCounter::note_denied(const services::ServicePort& port, services::Denial denial) {
    const std::scoped_lock lock(mutex_);
    if (counting_) ++connections_[port].denied.at(static_cast<std::size_t>(denial));
}

services::CarriedConnections CarriedCounter::take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(connections_, {});
}

}  // namespace fairlead::agent
