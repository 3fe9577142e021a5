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

class Comparer {
  public:
    Comparer(const std::vector<KubeProxyRules>& kube_proxy, const FairleadRules& fairlead)
        : theirs_(kube_proxy), fairlead_(fairlead) {
        for (const auto& [frontend, backing] : fairlead.frontends)
            take(frontend, backing);
        take_what_only_they_have();
    }

    Comparison result() && { return std::move(result_); }

  private:
    /// What kube-proxy does with these connections; null: nothing.
    const Target* target_of(const Frontend& frontend) {
        const auto found = theirs_.frontends.find(frontend);
        if (found != theirs_.frontends.end()) return &found->second;
        const std::pair node_port{frontend.address.family(), NodePort{frontend.protocol, frontend.port}};
        const auto at_all = theirs_.everywhere.find(node_port);
        if (at_all == theirs_.everywhere.end()) return nullptr;
        matched_.insert(node_port);
        return &at_all->second;
    }

    void take(const Frontend& frontend, const Backing& backing) {
        if (backing.affinity_timeout_s != 0) ++result_.sticky;
        const auto name = fairlead_.names.find(frontend);
        Difference difference{text_of(frontend), name == fairlead_.names.end() ? "" : name->second, {}, {}};
        const auto* target = target_of(frontend);
        if (target == nullptr) {
            result_.only_fairlead.push_back(std::move(difference));
            return;
        }
        if (!target->service.empty()) difference.service = target->service;
        const auto backends = backends_of(backing);
        difference.kube_proxy_endpoints = only_in(target->backends, backends);
        difference.fairlead_endpoints = only_in(backends, target->backends);
        if (backends == target->backends)
            ++result_.equal;
        else
            result_.other_endpoints.push_back(std::move(difference));
    }

    void take_what_only_they_have() {
        for (const auto& [frontend, target] : theirs_.frontends)
            if (!fairlead_.frontends.contains(frontend))
                result_.only_kube_proxy.push_back({text_of(frontend), target.service, {}, {}});
        for (const auto& [node_port, target] : theirs_.everywhere) {
            if (matched_.contains(node_port)) continue;
            const auto& [family, port] = node_port;
            const auto text = fmt::format("{}:{}/{}", family == base::Family::kIpv4 ? "*" : "[*]", port.port,
                                          base::name_of(port.protocol));
            result_.only_kube_proxy.push_back({text, target.service, {}, {}});
        }
    }

    Expanded theirs_;
    const FairleadRules& fairlead_;
    std::set<std::pair<base::Family, NodePort>> matched_;
    Comparison result_;
};

}  // namespace

Comparison compare(const std::vector<KubeProxyRules>& kube_proxy, const FairleadRules& fairlead) {
    return Comparer{kube_proxy, fairlead}.result();
}

}  // namespace fairlead::migrate
