#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::cli {

/// A frontend of a Service as the agent's page /services has it.
struct FrontendView {
    std::string kind;  ///< "ClusterIP", "NodePort", "LoadBalancer" or "ExternalIP"
    std::string address;
    std::uint64_t port = 0;
    std::string state;  ///< "balanced", "rejected", "dropped" or "pending"
    std::vector<std::string> endpoints;
    bool splits_origins = false;  ///< connections from outside get other endpoints
    std::vector<std::string> outside_endpoints;
};

struct PortView {
    std::string name;
    std::string protocol;
    std::uint64_t port = 0;
    std::uint64_t node_port = 0;  ///< 0: none
    std::vector<FrontendView> frontends;
};

struct ServiceView {
    std::string namespace_name;
    std::string name;
    std::string type;
    std::vector<std::string> cluster_ips;
    std::vector<PortView> ports;
    std::string json;      ///< the object as it came
    bool deleted = false;  ///< as it was before it went
    std::optional<std::uint64_t> connections =
        std::nullopt;  ///< of the page /connections, where the agent counts them
    std::optional<std::uint64_t> denied = std::nullopt;  ///< the same of what reached no endpoint

    friend bool operator==(const ServiceView& a, const ServiceView& b) {
        return a.json == b.json && a.deleted == b.deleted;
    }
};

/// The Services of the page, in its order.
base::Result<std::vector<ServiceView>> parse_services(std::string_view json);

/// One word for the whole Service: the worst state of its frontends, "-" without any, "deleted".
std::string state_of(const ServiceView& service);

/// The endpoints of all ports and families, each once, sorted.
std::vector<std::string> endpoints_of(const ServiceView& service);

/// A Service as `-o json` shows one: kind Service of fairlead.status/v1alpha1.
std::string service_json(const ServiceView& service);
/// Several: kind ServiceList with `items`.
std::string service_list_json(const std::vector<ServiceView>& services);

}  // namespace fairlead::cli
