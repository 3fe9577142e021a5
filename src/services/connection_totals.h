#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernel/nftables/objects.h"
#include "services/connection_counts.h"
#include "services/service_port.h"
#include "services/service_proxy.h"

namespace fairlead::services {

/// The port of a Service that a frontend belongs to; nullopt if it is nobody's.
std::optional<ServicePort> owner_of(const ServiceProxy& proxy, const Frontend& frontend);

/// New connections of one port.
struct ConnectionNumbers {
    std::uint64_t served = 0;  ///< sent to an endpoint
    std::array<std::uint64_t, std::size(kDenials)>
        denied{};  ///< by Denial: packets that would have opened one

    ConnectionNumbers& operator+=(const ConnectionNumbers& other);
    friend bool operator==(const ConnectionNumbers&, const ConnectionNumbers&) = default;
    [[nodiscard]] std::uint64_t at(Denial denial) const {
        return denied.at(static_cast<std::size_t>(denial));
    }
};

/// New connections to one port that the agent carried itself (see LocalhostPort).
struct CarriedNumbers {
    std::map<Backend, std::uint64_t> served;                  ///< by the endpoint that took them
    std::array<std::uint64_t, std::size(kDenials)> denied{};  ///< by Denial

    friend bool operator==(const CarriedNumbers&, const CarriedNumbers&) = default;
};
using CarriedConnections = std::map<ServicePort, CarriedNumbers>;

/// How many connections went where, made of one reading of the kernel's counts after the other. Totals never
/// go down while the agent runs: not when an endpoint goes, not when its element is removed or begins anew,
/// not when a reading misses some. The first reading brings what was counted before the agent came.
class ConnectionTotals {
  public:
    using Owner = std::function<std::optional<ServicePort>(const Frontend&)>;

    void begin_reading(base::Family family);
    void note(const Frontend& frontend, const Backend& backend, std::uint64_t count);
    /// New connections since the last reading of that family, by who owns their frontend now.
    std::map<ServicePort, ConnectionNumbers> finish_reading(base::Family family,
                                                            const ProgrammedTable& programmed,
                                                            const Owner& owner);

    /// Takes in what the agent carried itself since the last call; gives it back without the endpoints.
    std::map<ServicePort, ConnectionNumbers> add_carried(const CarriedConnections& carried);
    /// Forgets what was carried to endpoints that are not of these ports; the totals stay.
    void keep_carried(const LocalhostPorts& ports);

    /// Elements that nobody needs: of frontends that were not programmed at the end of two readings, and,
    /// once the set is half full, of endpoints that are gone where a frontend has more counts than endpoints.
    /// At most `limit`.
    [[nodiscard]] std::vector<kernel::nftables::Element> forgettable(base::Family family,
                                                                     const ProgrammedTable& programmed,
                                                                     std::size_t limit) const;
    /// After the kernel has forgotten them.
    void forget(base::Family family, const std::vector<kernel::nftables::Element>& elements);
    /// Drops the totals of Services that are not `there` any more.
    void drop_unless(const std::function<bool(const kube::ObjectKey&)>& there);

    /// Elements that the last reading of that family had.
    [[nodiscard]] std::size_t pair_count(base::Family family) const { return of(family).pairs; }
    [[nodiscard]] const std::map<ServicePort, ConnectionNumbers>& totals() const { return totals_; }
    /// What is counted at each endpoint, with the Service that owns the frontend now: once for each frontend
    /// and once for what was carried. Not what was counted at endpoints that are gone, or is nobody's.
    void for_each_endpoint(
        const Owner& owner,
        const std::function<void(const kube::ObjectKey&, const Backend&, std::uint64_t)>& visit) const;

  private:
    struct Count {
        std::uint64_t connections = 0;
        std::uint32_t reading = 0;  ///< the last one that had it
    };
    struct FrontendCounts {
        absl::flat_hash_map<Backend, Count> backends;
        ConnectionNumbers fresh;            ///< what finish_reading has not seen
        std::uint32_t reading = 0;          ///< the last one that had any of it
        std::size_t noted = 0;              ///< what that one had of it
        std::uint32_t absent_readings = 0;  ///< at the end of which it was not programmed
    };
    struct FamilyCounts {
        absl::flat_hash_map<Frontend, FrontendCounts> frontends;
        std::uint32_t reading = 0;
        std::size_t pairs = 0;  ///< of the last reading
    };

    FamilyCounts& of(base::Family family) { return families_.at(family == base::Family::kIpv4 ? 0 : 1); }
    [[nodiscard]] const FamilyCounts& of(base::Family family) const {
        return families_.at(family == base::Family::kIpv4 ? 0 : 1);
    }

    std::array<FamilyCounts, 2> families_;
    std::map<ServicePort, ConnectionNumbers> totals_;
    std::map<kube::ObjectKey, std::map<Backend, std::uint64_t>> carried_;
};

}  // namespace fairlead::services
