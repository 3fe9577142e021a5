#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "dns/clients.h"
#include "dns/collapse.h"
#include "dns_content.h"
#include "stub_resolver.h"

namespace fairlead::test {

/// A node with pods that come, go and pass their addresses on; a cluster zone and an upstream with random
/// content; and fairlead's view of the pods, which lags behind. What the test assumes of the lag: of a pod
/// that is bound to this node the watch tells before the pod has an address, as kubelet first has to make its
/// network and start it.
class SearchWorld {
  public:
    explicit SearchWorld(std::uint64_t seed);
    ~SearchWorld();

    /// Something happens to pods, to the zone, to the upstream or to what fairlead has heard.
    void change();

    /// A pod with a network of its own, or of the node, as it is in truth.
    struct Client {
        kube::Pod pod;
        base::IpAddress address;
    };
    [[nodiscard]] std::optional<Client> any_client();
    /// What a program may look up.
    std::string any_text() { return content_.any_known_text(); }
    /// What the pod's resolv.conf says.
    [[nodiscard]] dns::ResolverSettings resolver_of(const kube::Pod& pod) const;

    /// Answers as a server without collapse gives them.
    std::vector<StubReply> ask_plainly(const dns::Name& name, const std::vector<dns::RecordType>& types);
    /// Answers as workers give them to this client.
    std::vector<StubReply> ask_workers(const Client& client, const dns::Name& name,
                                       const std::vector<dns::RecordType>& types);

    std::uint64_t plain_queries = 0;
    std::uint64_t worker_queries = 0;
    std::uint64_t collapsed = 0;
    base::Random random;

  private:
    class Lookups;
    struct Worker {
        std::unique_ptr<dns::Collapser> collapser;
        std::unique_ptr<Lookups> lookups;
    };
    /// A pod in truth.
    struct Living {
        kube::Pod pod;
        bool has_network = false;
    };

    void add_pod();
    void give_network(Living& living);
    void end_pod(Living& living);
    void tell(kube::Pod pod);
    void hear(std::size_t news);
    void tick(base::Duration duration) { now_ += duration; }
    std::optional<base::IpAddress> free_address();

    base::TimePoint now_{std::chrono::hours(1)};
    dns::ClientSettings settings_;
    DnsContent content_{random};
    std::vector<std::unique_ptr<Living>> pods_;
    std::uint64_t last_pod_ = 0;
    struct News {
        kube::Pod pod;
        bool gone = false;
    };
    std::deque<News> news_;  // of the watch, not heard yet
    kube::Store<kube::Pod> heard_;
    kube::Store<kube::Namespace> namespaces_;
    dns::SnapshotReclaimer reclaimer_;
    dns::ClientDirectory directory_{reclaimer_};
    std::vector<Worker> workers_;
};

}  // namespace fairlead::test
