#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/objects.h"
#include "lab/layout.h"

namespace fairlead::lab {

/// The network of a lab: a switch, nodes and a client on it, pods behind their nodes.
///
/// Nodes forward packets and reach each other's pods by routes, as with a CNI plugin that routes. The client
/// is outside the cluster; it reaches pods through their nodes, and Service addresses through the first node,
/// as where a fabric is told of them.
class Network {
  public:
    explicit Network(std::string lab) : lab_(std::move(lab)) {}

    /// Makes switch, client and nodes. What a failure leaves behind, remove_lab removes.
    base::Result<void> build(const std::vector<std::string>& node_names);

    /// Gives a pod its namespace and addresses. Pods of the node's own network need none and get none.
    base::Result<void> add_pod(const kube::Pod& pod, unsigned node);
    base::Result<void> remove_pod(const kube::Pod& pod);

    /// Where the pod's programs run.
    [[nodiscard]] std::string namespace_of(const kube::Pod& pod) const;

  private:
    base::Result<void> attach(const std::string& machine, const AddressPair& address,
                              const std::string& port_name);
    base::Result<void> add_routes(const std::string& machine, unsigned own_number, std::size_t node_count);

    std::string lab_;
    std::vector<std::string> node_names_;
};

}  // namespace fairlead::lab
