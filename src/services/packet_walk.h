#pragma once

// For .cpp files of services/ only: the way of one packet through the table.

#include "services/balancer.h"
#include "services/trace_recorder.h"

namespace fairlead::services {

/// The chains of layout.h and balancer.h once more, for one packet and with single look-ups. tests/e2e holds
/// it to real packets.
class PacketWalk {
  public:
    PacketWalk(const Packet& packet, const TraceSources& sources);

    base::Result<PacketTrace> run();

  private:
    enum class From : std::uint8_t { kPod, kNode, kOutside };

    base::Result<void> find_origin();

    // The chain `services` and those of balancers.
    base::Result<void> translate();
    base::Result<std::optional<Balancer>> pick_balancer(Origin origin);
    void compare(Origin origin, const std::optional<Balancer>& found);
    base::Result<bool> is_guarded_off();
    base::Result<void> choose(const Balancer& balancer);
    base::Result<bool> remembers(const Balancer& balancer);
    base::Result<void> list_endpoints(const Balancer& balancer);
    base::Result<void> list_consistent(const Balancer& balancer);
    void add_endpoint(Origin origin, const Backend& backend);

    // The chain `masquerade-translated`.
    base::Result<void> find_client_addresses();
    /// Why every endpoint that is reached through nat-postrouting sees an address of this node; empty: the
    /// client's.
    base::Result<std::string> why_masqueraded();
    base::Result<bool> keeps_address();

    // The chains filter-*, for what was not translated.
    base::Result<void> refuse_or_leave();
    base::Result<bool> is_refused_by_frontend();
    void end(Fate fate, std::string verdict);
    [[nodiscard]] std::string service_name() const;
    [[nodiscard]] std::string unused_reasons(Origin origin) const;
    [[nodiscard]] std::string endpoint_verdict(const std::string& why_hidden) const;

    const Packet& packet_;
    const TraceSources& sources_;
    PacketTrace trace_;
    TraceRecorder kernel_;
    std::optional<ClaimedFrontend> claimed_;
    From from_ = From::kOutside;
    Origin origin_ = Origin::kCluster;  // as this frontend sees it
    bool decided_ = false;
};

}  // namespace fairlead::services
