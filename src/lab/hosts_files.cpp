#include "lab/hosts_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

namespace fairlead::lab {

namespace {

using Objects = kube::ManifestFiles::Objects;

bool is_behind(const kube::Pod& pod, const kube::Service& service) {
    return pod.key.namespace_name == service.key.namespace_name && !pod.finished &&
           !service.selector.empty() && (pod.ready || service.publish_not_ready_addresses) &&
           std::ranges::all_of(service.selector, [&](const auto& wanted) {
               const auto label = pod.labels.find(wanted.first);
               return label != pod.labels.end() && label->second == wanted.second;
           });
}

std::vector<base::IpAddress> addresses_of(const kube::Service& service, const Objects& objects) {
    if (!service.headless) return service.cluster_ips;
    std::vector<base::IpAddress> addresses;
    for (const auto& pod : objects.pods)
        if (is_behind(pod, service)) std::ranges::copy(pod.pod_ips, std::back_inserter(addresses));
    return addresses;
}

std::string lines_for(const kube::Service& service, const std::vector<base::IpAddress>& addresses,
                      bool same_namespace) {
    const auto& [space, name] = service.key;
    std::string text;
    for (const auto& address : addresses)
        text += fmt::format("{0}\t{3}{1}.{2} {1}.{2}.svc {1}.{2}.svc.cluster.local\n", address.to_string(),
                            name, space, same_namespace ? name + " " : "");
    return text;
}

}  // namespace

std::map<std::string, std::string> hosts_files(const Objects& objects) {
    std::set<std::string> spaces = {"default"};
    for (const auto& pod : objects.pods)
        spaces.insert(pod.key.namespace_name);
    std::string nodes = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n";
    for (const auto& node : objects.nodes)
        for (const auto& address : node.addresses)
            nodes += address.to_string() + "\t" + node.key.name + "\n";
    std::map<std::string, std::string> files;
    for (const auto& space : spaces) {
        auto& text = files[space] = nodes;
        for (const auto& service : objects.services)
            text += lines_for(service, addresses_of(service, objects), service.key.namespace_name == space);
    }
    return files;
}

}  // namespace fairlead::lab
