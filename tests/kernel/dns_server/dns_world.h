#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/address.h"
#include "kernel/netns/namespaces.h"
#include "support/dns_client.h"

namespace fairlead::dns_server {

/// Addresses of the cluster DNS Service and of its one Pod.
struct DnsService {
    base::IpAddress address;
    base::IpAddress pod;
};

/// A node, which is the namespace of the test, with a Pod that asks and a Pod that is the cluster DNS; each
/// in a namespace of its own. nft rules written by hand translate the Service's ports 53 and 9153, as any
/// service proxy does.
class DnsWorld {
  public:
    DnsWorld();
    ~DnsWorld();
    DnsWorld(const DnsWorld&) = delete;
    DnsWorld& operator=(const DnsWorld&) = delete;

    /// Of IPv4 and IPv6.
    static const DnsService& service(base::Family family);

    /// What a program in the Pod gets; see test::ask_udp and test::ask_tcp.
    std::string pod_asks(base::L4Protocol protocol, const base::IpAddress& server, std::uint16_t port = 53);
    /// The same of a program of the node itself.
    static std::string node_asks(base::L4Protocol protocol, const base::IpAddress& server,
                                 std::uint16_t port = 53);
    /// Runs `work` in the Pod.
    void in_pod(const std::function<void()>& work);

    /// Entries of connection tracking about this address.
    static int tracked(const base::IpAddress& address);
    static void forget_tracked();

    /// The agent as a process of its own: intercepts both Services and answers "local". Ready on return.
    void start_agent();
    /// Waits for its end.
    void kill_agent(int signal);
    void signal_agent(int signal) const;

  private:
    kernel::netns::Namespace pod_;
    kernel::netns::Namespace cluster_dns_;
    std::vector<std::thread> servers_;
    std::atomic<bool> stop_ = false;
    pid_t agent_ = -1;
};

}  // namespace fairlead::dns_server
