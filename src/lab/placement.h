#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/cluster_ip_allocator.h"
#include "kube/manifest_files.h"

namespace fairlead::lab {

/// Turns manifests into what a cluster would make of them: nodes, Pods with a node and addresses, Services
/// with ClusterIPs. Pure. What was given once stays while its object is there, so that an edit moves nothing
/// that it does not name; addresses that came free are given again as late as possible.
class Placement {
  public:
    /// Nodes are those that `first` has or that its Pods name, filled up to `node_count` with node-1, node-2,
    /// ...
    Placement(const kube::ManifestFiles::Objects& first, unsigned node_count);

    struct Result {
        /// Nodes and Pods with everything that is known of them. Pods without an address could not be placed
        /// or have finished; none is ready.
        kube::ManifestFiles::Objects objects;
        std::vector<std::string> warnings;  ///< a sentence each
    };
    Result place(kube::ManifestFiles::Objects objects);

    /// Node names; the first is node 1 of layout.h.
    [[nodiscard]] const std::vector<std::string>& node_names() const { return node_names_; }
    /// 1 for the first; nullopt if there is no such node.
    [[nodiscard]] std::optional<unsigned> node_number(std::string_view name) const;

  private:
    struct Seat {
        unsigned node = 0;
        unsigned host = 0;  ///< 0: the node's own address (hostNetwork)
        friend auto operator<=>(const Seat&, const Seat&) = default;
    };
    void place_nodes(std::vector<kube::Node>& nodes, std::vector<std::string>& warnings) const;
    void give_addresses(std::vector<kube::Service>& services, std::vector<std::string>& warnings);
    void place_pod(kube::Pod& pod, std::vector<std::string>& warnings);
    void leave_seats(const std::vector<kube::Pod>& pods);
    [[nodiscard]] unsigned emptiest_node() const;
    unsigned free_host(unsigned node);

    std::vector<std::string> node_names_;
    std::map<kube::ObjectKey, Seat> seats_;
    std::map<unsigned, unsigned> last_hosts_;  // by node
    kube::ClusterIpAllocator cluster_ips_;
};

/// The label that makes a lab Pod unready while its value is "false".
inline constexpr std::string_view kReadyLabel = "lab.fairlead/ready";

/// Whether the manifests want the Pod to be ready once its workload runs.
bool wants_ready(const kube::Pod& pod);

}  // namespace fairlead::lab
