#include "lab/hosts_files.h"

#include <fmt/format.h>

#include <set>

namespace fairlead::lab {

namespace {

std::string lines_for(const kube::Service& service, bool same_namespace) {
    const auto& [space, name] = service.key;
    std::string text;
    for (const auto& address : service.cluster_ips)
        text += fmt::format("{0}\t{3}{1}.{2} {1}.{2}.svc {1}.{2}.svc.cluster.local\n", address.to_string(),
                            name, space, same_namespace ? name + " " : "");
    return text;
}

}  // namespace

std::map<std::string, std::string> hosts_files(const kube::ManifestFiles::Objects& objects) {
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
            text += lines_for(service, service.key.namespace_name == space);
    }
    return files;
}

}  // namespace fairlead::lab
