#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::cli {

/// A frontend of a Service as the agent's page /services has it.
struct FrontendView {
    std::string address;
    std::string state;  ///< "balanced", "rejected" or "pending"
    std::vector<std::string> endpoints;
};

struct PortView {
    std::string name;
    std::string protocol;
    std::uint64_t port = 0;
    std::vector<FrontendView> frontends;
};

struct ServiceView {
    std::string namespace_name;
    std::string name;
    std::string type;
    std::vector<std::string> cluster_ips;
    std::vector<PortView> ports;
    std::string json;  ///< as it came

    friend bool operator==(const ServiceView& a, const ServiceView& b) { return a.json == b.json; }
};

/// The Services of the page, in its order.
base::Result<std::vector<ServiceView>> parse_services(std::string_view json);

/// Columns as kubectl prints them, with a heading; `all_namespaces` adds the namespace, `wide` the endpoints.
/// `colour` marks states with terminal colours.
std::string services_table(const std::vector<ServiceView>& services, bool all_namespaces, bool wide,
                           bool colour, bool heading = true);

/// Everything about one Service, for people.
std::string describe_service(const ServiceView& service, bool colour);

/// A JSON text as block-style YAML.
base::Result<std::string> json_to_yaml(std::string_view json);

}  // namespace fairlead::cli
