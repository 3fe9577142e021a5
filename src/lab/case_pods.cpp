#include "lab/case_pods.h"

#include "lab/layout.h"

namespace fairlead::lab {

kube::Pod case_pod(const std::string& node, unsigned number, unsigned host, const std::string& name) {
    kube::Pod pod;
    pod.key = {"case", node + "-" + name};
    pod.node_name = node;
    const auto address = pod_address(number, host);
    pod.pod_ips = {address.ipv4, address.ipv6};
    return pod;
}

}  // namespace fairlead::lab
