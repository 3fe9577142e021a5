#pragma once

#include <cstdint>

#include "base/time.h"

namespace fairlead::dns {

/// Whether an upstream answers, and how fast.
class UpstreamHealth {
  public:
    /// Failures in a row that make an upstream one that is only probed, until it replies to something.
    static constexpr unsigned kMostFailures = 2;
    /// No reply after this time is a failure.
    static constexpr base::Duration kSilence = std::chrono::seconds(2);
    static constexpr base::Duration kProbeInterval = std::chrono::milliseconds(500);

    /// Any reply counts, also SERVFAIL: the server is there.
    void answered() { failures_ = 0; }
    /// The time from a question over UDP to its reply.
    void measured(base::Duration round_trip);
    void failed() { ++failures_; }

    [[nodiscard]] bool healthy() const { return failures_ < kMostFailures; }
    /// How long to wait for a reply over UDP before asking again: as TCP computes it (RFC 6298), 200 ms to 1
    /// s, and 500 ms as long as nothing was measured.
    [[nodiscard]] base::Duration patience() const;
    /// Smoothed; 0 where nothing was measured.
    [[nodiscard]] base::Duration round_trip() const { return smoothed_; }

  private:
    unsigned failures_ = 0;  // in a row
    base::Duration smoothed_{};
    base::Duration variation_{};
};

}  // namespace fairlead::dns
