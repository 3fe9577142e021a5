#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::cli {

/// New connections of one Service as the agent's page /connections has them.
struct ServiceConnections {
    struct Endpoint {
        std::string endpoint;
        std::uint64_t connections = 0;
    };
    std::string namespace_name;
    std::string name;
    std::uint64_t connections = 0;
    std::vector<Endpoint> endpoints;
    std::uint64_t denied = 0;  ///< packets that would have opened one, for whatever reason
};

struct ConnectionsView {
    bool counting = false;
    std::uint64_t read_at_ms = 0;  ///< Unix time of the agent's last look; 0: none yet
    std::vector<ServiceConnections> services;

    /// Null if that Service had none.
    [[nodiscard]] const ServiceConnections* find(std::string_view namespace_name,
                                                 std::string_view name) const;
};

base::Result<ConnectionsView> parse_connections(std::string_view json);

/// What happened to one Service between two looks.
struct ServiceRate {
    struct Endpoint {
        std::string endpoint;
        double per_second = 0;
        double share = 0;  ///< of the Service's new connections, 0 to 1
    };
    std::string namespace_name;
    std::string name;
    double per_second = 0;
    std::uint64_t connections = 0;    ///< in all
    std::vector<Endpoint> endpoints;  ///< the busiest first
    double denied_per_second = 0;
    std::uint64_t denied = 0;  ///< in all
};

/// The Services of `after`, the busiest first. The looks must be of different times. What counted down began
/// anew.
std::vector<ServiceRate> rates_between(const ConnectionsView& before, const ConnectionsView& after);

struct TopStyle {
    bool all_namespaces = false;  ///< a column with the namespace
    bool wide = false;            ///< a column with all endpoints
};

/// A heading and a line for each; nothing for none.
std::string top_table(const std::vector<ServiceRate>& rates, const TopStyle& style);

/// Kind ServiceConnections of fairlead.status/v1alpha1; the list has `items`, and over how long it was
/// measured.
std::string top_json(const ServiceRate& rate, double seconds);
std::string top_list_json(const std::vector<ServiceRate>& rates, double seconds);

}  // namespace fairlead::cli
