#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conntrack/flow_count.h"
#include "conntrack/flow_names.h"
#include "conntrack/lossy_counter.h"

namespace fairlead::conntrack {

/// The flows of one Service, Pod, peer or state.
struct NamedCount {
    std::string name;
    FlowCount count;
    std::uint32_t missed = 0;  ///< so many flows more it may have; 0: the count is exact

    friend bool operator==(const NamedCount&, const NamedCount&) = default;
};

/// Parts of all flows, the largest first.
struct Breakdown {
    std::vector<NamedCount> largest;
    std::uint32_t other_flows = 0;  ///< flows of no part in `largest`

    friend bool operator==(const Breakdown&, const Breakdown&) = default;
};

/// Who fills the connection tracking table.
struct Usage {
    FlowCount total;     ///< of all flows that were taken in; always exact
    Breakdown services;  ///< "shop/cart", exact; "udp 10.96.0.10:53" where somebody else translates
    Breakdown pods;      ///< who answers: "shop/cart-1", or an address that is no Pod's that is known
    Breakdown peers;     ///< addresses of clients
    Breakdown states;    ///< "tcp ESTABLISHED", "udp UNREPLIED"; exact

    friend bool operator==(const Usage&, const Usage&) = default;
};

/// Counts flows by everything that Usage tells, in memory that is bounded whatever the number of flows: about
/// 20 MiB with the default number of addresses.
class UsageCounter {
  public:
    static constexpr std::size_t kAddressesKept = 100'000;

    /// `names` must outlive it.
    explicit UsageCounter(const FlowNames& names, std::size_t addresses_kept = kAddressesKept);

    void take(const kernel::conntrack::Flow& flow);

    [[nodiscard]] const FlowCount& total() const { return total_; }
    /// With `most` parts of each kind.
    [[nodiscard]] Usage usage(std::size_t most) const;

  private:
    static constexpr std::size_t kTcpStates = 11;  // TcpState, and none
    static constexpr std::size_t kProtocols = 256;

    void count_state(const kernel::conntrack::Flow& flow, const FlowCount& count);
    [[nodiscard]] Breakdown services(std::size_t most) const;
    [[nodiscard]] Breakdown states(std::size_t most) const;

    const FlowNames& names_;
    FlowCount total_;
    std::vector<FlowCount> services_;  // by FlowNames::Frontend::service
    LossyCounter<ServicePlace> unknown_services_;
    LossyCounter<base::IpAddress> answering_;
    LossyCounter<base::IpAddress> peers_;
    std::array<FlowCount, kTcpStates> tcp_states_{};
    // Of all protocols but TCP: unreplied and replied flows.
    std::array<std::array<FlowCount, 2>, kProtocols> protocols_{};
};

/// "tcp ESTABLISHED", "udp REPLIED", "icmp UNREPLIED", "tcp OFFLOAD".
std::string state_of(const kernel::conntrack::Flow& flow);

/// How far a share of a sample is from that of the whole, 19 times of 20 at most: 0.002 is 0.2 percentage
/// points. `read` of `all`, drawn at random, for the share with the largest error (one half).
double sampling_error(std::uint64_t read, std::uint64_t all);

/// "most: Service default/web 61 % (58 % unreplied), answered by default/web-1 40 %, peer 10.0.3.7 44 %,
/// state tcp SYN_SENT 58 %": for a log line or an Event. Empty without flows.
std::string most_sentence(const Usage& usage);

}  // namespace fairlead::conntrack
