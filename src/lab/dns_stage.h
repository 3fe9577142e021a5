#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/agent_process.h"
#include "lab/dns_tap.h"
#include "lab/network.h"
#include "lab/outside_dns.h"
#include "lab/stub_resolver.h"

namespace fairlead::lab {

/// The machines of the case about DNS: two nodes with a client Pod each, whose queries to the Service
/// kube-system/kube-dns are left alone on one and intercepted on the other; a third node that is the cluster
/// DNS behind that Service, a fairlead of its own that collapses nothing; the Internet's DNS on the machine
/// outside of the cluster. There is no program in the Pods: the case's own process has sockets in them.
class DnsStage {
  public:
    enum class Way : std::uint8_t { kPlain, kFairlead };

    /// `program` is the path of fairlead.
    DnsStage(std::string lab, std::string program);

    /// Makes all of it and waits until both ways find names, and fairlead ends search walks.
    base::Result<void> set_up();

    /// Of the client Pod.
    [[nodiscard]] std::string netns(Way way) const;
    [[nodiscard]] base::IpAddress client(Way way) const;
    /// As a Pod has it, but for the time that it waits for a reply: 1 s.
    [[nodiscard]] const ResolverOptions& resolver() const { return resolver_; }
    [[nodiscard]] DnsTap& tap_at_client(Way way);
    [[nodiscard]] DnsTap& tap_at_cluster_dns() { return *cluster_dns_tap_; }

    /// SIGKILL of the agent that intercepts.
    void kill_agent() { fairlead_.reset(); }
    /// Starts it again. Returns before it intercepts.
    base::Result<void> start_agent();
    /// Whether it answers, and ends search walks at their first query, as it does some seconds after it was
    /// started. kInternal if an agent has ended.
    base::Result<bool> collapses();

  private:
    base::Result<void> write_files();
    base::Result<std::unique_ptr<AgentProcess>> launch(const std::string& node,
                                                       const std::vector<std::string>& options);
    base::Result<void> open_taps();
    base::Result<Lookup> look_up(Way way) const;
    base::Result<void> wait_for_names();

    std::string lab_;
    std::string program_;
    Network network_;
    ResolverOptions resolver_;
    std::unique_ptr<OutsideDns> outside_;
    std::unique_ptr<AgentProcess> plain_;
    std::unique_ptr<AgentProcess> fairlead_;
    std::unique_ptr<AgentProcess> cluster_dns_;
    std::optional<DnsTap> plain_tap_;
    std::optional<DnsTap> fairlead_tap_;
    std::optional<DnsTap> cluster_dns_tap_;
};

}  // namespace fairlead::lab
