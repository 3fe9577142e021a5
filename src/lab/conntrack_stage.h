#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/socket_address.h"
#include "lab/agent_process.h"
#include "lab/network.h"
#include "lab/state.h"

namespace fairlead::lab {

/// What a node has counted.
struct NodeCounts {
    std::uint64_t entries = 0;           ///< in its conntrack table now
    std::uint64_t invalid = 0;           ///< packets that conntrack called INVALID
    std::uint64_t dropped = 0;           ///< packets that conntrack dropped for want of an entry
    std::uint64_t dropped_by_guard = 0;  ///< of both families and all hooks
};
/// What came between two moments; `entries` are those of the later one.
NodeCounts operator-(const NodeCounts& later, const NodeCounts& earlier);

/// A node of a case: an agent, a client Pod, and a server Pod behind a Service of both families. There is no
/// program in the Pods: the case's own process has sockets in them.
class ConntrackStage {
  public:
    /// `node` is one of the names that the network was built with, `number` its number there.
    ConntrackStage(std::string lab, std::string node, unsigned number);
    ~ConntrackStage();
    ConntrackStage(const ConntrackStage&) = delete;
    ConntrackStage& operator=(const ConntrackStage&) = delete;

    /// Makes the Pods, listens in the server, starts the agent of `program` with `agent_options` beside what
    /// it needs anyway, and waits until the Service is there.
    base::Result<void> set_up(Network& network, const std::string& program,
                              const std::vector<std::string>& agent_options);

    [[nodiscard]] std::string node_netns() const { return machine_namespace(lab_, node_); }
    [[nodiscard]] const std::string& client_netns() const { return client_netns_; }
    [[nodiscard]] const std::string& server_netns() const { return server_netns_; }
    [[nodiscard]] base::SocketAddress service(base::Family family) const;
    [[nodiscard]] base::SocketAddress endpoint(base::Family family) const;
    /// Accepts connections of both families; not blocking.
    [[nodiscard]] int listener() const { return listener_; }

    [[nodiscard]] base::Result<NodeCounts> counts() const;
    /// "net/netfilter/nf_conntrack_..." in the node's namespace.
    [[nodiscard]] base::Result<void> set_sysctl(const std::string& name, const std::string& value) const;

  private:
    base::Result<void> start_agent(const std::string& program, const std::vector<std::string>& options);
    base::Result<void> wait_for_service();

    std::string lab_;
    std::string node_;
    unsigned number_;
    std::string client_netns_;
    std::string server_netns_;
    int listener_ = -1;
    std::unique_ptr<AgentProcess> agent_;
};

}  // namespace fairlead::lab
