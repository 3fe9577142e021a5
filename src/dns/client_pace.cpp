#include "dns/client_pace.h"

#include <algorithm>
#include <chrono>

namespace fairlead::dns {

namespace {

/// Looking at all clients takes longer than a query does: who asks with ever new addresses shall not cause it
/// each time.
constexpr std::chrono::milliseconds kBetweenLooks{100};

}  // namespace

ClientPace::ClientPace(std::uint32_t per_second, std::uint32_t burst)
    : interval_(per_second == 0 ? base::Duration::zero()
                                : base::Duration{std::chrono::seconds(1)} / per_second),
      tolerance_(interval_ * burst) {}

bool ClientPace::admit(base::TimePoint now, const base::IpAddress& client) {
    if (interval_ == base::Duration::zero()) return true;
    const auto known = on_pace_at_.find(client);
    if (known == on_pace_at_.end() && !make_room(now)) return true;
    const auto next = std::max(now, known == on_pace_at_.end() ? now : known->second) + interval_;
    if (next - now > tolerance_) return false;
    on_pace_at_.insert_or_assign(client, next);
    return true;
}

/// Forgets those whose pause was long enough.
bool ClientPace::make_room(base::TimePoint now) {
    if (on_pace_at_.size() < kMostClients) return true;
    if (now < look_again_at_) return false;
    look_again_at_ = now + kBetweenLooks;
    absl::erase_if(on_pace_at_, [&](const auto& each) { return each.second <= now; });
    return on_pace_at_.size() < kMostClients;
}

}  // namespace fairlead::dns
