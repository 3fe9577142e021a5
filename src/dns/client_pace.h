#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "base/time.h"

namespace fairlead::dns {

/// How many new lookups a second each client may begin: the leaky bucket of ITU-T I.371 annex A, which keeps
/// one time of each client.
class ClientPace {
  public:
    /// More clients than this at once are not told apart: who comes then is let through.
    static constexpr std::size_t kMostClients = 4096;

    /// `per_second` of 0: as many as it likes. After a pause a client may begin `burst` at once.
    ClientPace(std::uint32_t per_second, std::uint32_t burst);

    /// Whether `client` may begin one more, which is counted if so.
    bool admit(base::TimePoint now, const base::IpAddress& client);

  private:
    bool make_room(base::TimePoint now);

    base::Duration interval_;   // 0: no limit
    base::Duration tolerance_;  // how far ahead of its pace a client may be
    absl::flat_hash_map<base::IpAddress, base::TimePoint> on_pace_at_;
    base::TimePoint look_again_at_{};  // for who has paused
};

}  // namespace fairlead::dns
