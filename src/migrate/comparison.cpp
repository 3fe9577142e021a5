#include "migrate/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace fairlead::migrate {

namespace {

using services::Backend;
using services::Backing;
using services::Frontend;

std::string text_of(const Frontend& frontend) {
    return fmt::format("{}/{}", base::format_endpoint(frontend.address, frontend.port),
                       base::name_of(frontend.protocol));
}

std::set<Backend> backends_of(const Backing& backing) {
    std::set<Backend> backends(backing.backends.begin(), backing.backends.end());
    if (backing.outside_backends)
        backends.insert(backing.outside_backends->begin(), backing.outside_backends->end());
    return backends;
}

std::vector<std::string> only_in(const std::set<Backend>& here, const std::set<Backend>& there) {
    std::vector<std::string> texts;
    for (const auto& backend : here)
        if (!there.contains(backend)) texts.push_back(base::format_endpoint(backend.address, backend.port));
    return texts;
}

/// kube-proxy's frontends of one family, and the node ports that it serves at every address.
class Expanded {
  public:
    explicit Expanded(const std::vector<KubeProxyRules>& all) {
        for (const auto& rules : all) {
            for (const auto& [frontend, target] : rules.frontends)
                add(frontend, target);
            for (const auto& [port, target] : rules.node_ports) {
                if (rules.node_ports_everywhere)
                    everywhere[{rules.family, port}] = target;
                else
                    for (const auto& address : rules.node_port_addresses)
                        add({address, port.protocol, port.port}, target);
            }
        }
    }

    std::map<Frontend, Target> frontends;
    std::map<std::pair<base::Family, NodePort>, Target> everywhere;

  private:
    /// What two sets of rules have (such as those of two modes) is served by the first, but for endpoints
    /// that only the second has.
    void add(const Frontend& frontend, const Target& target) {
        auto& known = frontends[frontend];
        if (known.service.empty()) known.service = target.service;
        known.backends.insert(target.backends.begin(), target.backends.end());
    }
};

}  // namespace

Comparison compare(const std::vector<KubeProxyRules>& kube_proxy, const FairleadRules& fairlead) {
    Comparison result;
    const Expanded theirs{kube_proxy};
    std::set<std::pair<base::Family, NodePort>> matched;
    for (const auto& [frontend, backing] : fairlead.frontends) {
        if (backing.affinity_timeout_s != 0) ++result.sticky;
        const auto name = fairlead.names.find(frontend);
        Difference difference{text_of(frontend), name == fairlead.names.end() ? "" : name->second, {}, {}};
        const auto found = theirs.frontends.find(frontend);
        const std::pair node_port{frontend.address.family(), NodePort{frontend.protocol, frontend.port}};
        const auto at_all = theirs.everywhere.find(node_port);
        if (found == theirs.frontends.end() && at_all == theirs.everywhere.end()) {
            result.only_fairlead.push_back(std::move(difference));
            continue;
        }
        if (found == theirs.frontends.end()) matched.insert(node_port);
        const auto& target = found == theirs.frontends.end() ? at_all->second : found->second;
        if (!target.service.empty()) difference.service = target.service;
        difference.kube_proxy_endpoints = only_in(target.backends, backends_of(backing));
        difference.fairlead_endpoints = only_in(backends_of(backing), target.backends);
        if (difference.kube_proxy_endpoints.empty() && difference.fairlead_endpoints.empty())
            ++result.equal;
        else
            result.other_endpoints.push_back(std::move(difference));
    }
    for (const auto& [frontend, target] : theirs.frontends)
        if (!fairlead.frontends.contains(frontend))
            result.only_kube_proxy.push_back({text_of(frontend), target.service, {}, {}});
    for (const auto& [node_port, target] : theirs.everywhere)
        if (!matched.contains(node_port))
            result.only_kube_proxy.push_back(
                {fmt::format("{}:{}/{}", node_port.first == base::Family::kIpv4 ? "*" : "[*]",
                             node_port.second.port, base::name_of(node_port.second.protocol)),
                 target.service,
                 {},
                 {}});
    return result;
}

}  // namespace fairlead::migrate
