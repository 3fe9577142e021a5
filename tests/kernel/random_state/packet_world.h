#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"

namespace fairlead::test {

/// Who sends probes.
enum class Place : std::uint8_t { kPod, kNode, kOutside };

struct Client {
    Place place = Place::kPod;
    std::size_t network_namespace = 0;
    base::IpAddress address;
};

/// One connection to be tried: over UDP one datagram.
struct Probe {
    Client client;
    base::IpAddress address;
    base::L4Protocol protocol = base::L4Protocol::kTcp;  ///< or kUdp
    std::uint16_t port = 0;
};

/// What became of a probe.
struct Outcome {
    enum class Kind : std::uint8_t { kSilence, kRefused, kAnswered };
    Kind kind = Kind::kSilence;
    std::string endpoint;     ///< that answered, "10.64.0.1:8080"
    std::string seen_client;  ///< the client's address as the endpoint saw it

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The caller's network namespace becomes a node (172.18.0.11, 203.0.113.1, fd00:172::11) that forwards
/// between ten pods (10.64.0.1 to .10, fd00:64::1 to ::10) and an outside (198.51.100.2, 198.51.7.2,
/// 198.18.0.9, fd00:3::2, fd00:9::2). Pods answer at TCP 8080 and 8081 and at UDP 5353 and say who they are
/// and who they see. What is addressed to nobody is lost without an answer.
class PacketWorld {
  public:
    static constexpr int kPods = 10;

    PacketWorld();
    ~PacketWorld();
    PacketWorld(const PacketWorld&) = delete;
    PacketWorld& operator=(const PacketWorld&) = delete;

    [[nodiscard]] std::span<const Client> clients() const;
    /// What a pod sees of a client that the node hides.
    [[nodiscard]] static std::string node_towards_pods(base::Family family);
    [[nodiscard]] static bool is_of_node(const base::IpAddress& address);

    /// Tries all at once. Those that `patient` says are waited for; the others may stay silent, and are given
    /// up a moment after.
    std::vector<Outcome> try_out(std::span<const Probe> probes, const std::vector<bool>& patient);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fairlead::test
