#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "migrate/kube_proxy_rules.h"
#include "services/frontend.h"

namespace fairlead::migrate {

/// What fairlead's tables do, in both families.
struct FairleadRules {
    std::map<services::Frontend, services::Backing> frontends;
    std::map<base::Family, Pods> pods;
    bool masquerades_all = false;
    /// "shop/cart:http", as far as somebody can tell.
    std::map<services::Frontend, std::string> names;
};

/// A frontend at which the two differ.
struct Difference {
    std::string frontend;  ///< "10.96.0.10:80/TCP"; node ports everywhere: "*:30080/TCP"
    std::string service;   ///< "shop/cart:http"; empty if unknown
    /// Endpoints that only one of them sends connections to; empty where only one of them has the frontend.
    std::vector<std::string> kube_proxy_endpoints;
    std::vector<std::string> fairlead_endpoints;

    friend bool operator==(const Difference&, const Difference&) = default;
};

/// The connections that the two serve, frontend by frontend.
struct Comparison {
    std::size_t equal = 0;
    std::vector<Difference> only_kube_proxy;
    std::vector<Difference> only_fairlead;
    std::vector<Difference> other_endpoints;
    /// Frontends of fairlead's whose clients keep their endpoint: they are balanced anew by another proxy.
    std::size_t sticky = 0;

    [[nodiscard]] bool same() const {
        return only_kube_proxy.empty() && only_fairlead.empty() && other_endpoints.empty();
    }
};

Comparison compare(const std::vector<KubeProxyRules>& kube_proxy, const FairleadRules& fairlead);

}  // namespace fairlead::migrate
