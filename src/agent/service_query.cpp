#include "agent/service_query.h"

#include <algorithm>

#include "base/dns_name.h"

namespace fairlead::agent {

/// Names are DNS labels: there is nothing in them to decode.
base::Result<ServiceQuery> parse_service_query(std::string_view query) {
    ServiceQuery wanted;
    while (!query.empty()) {
        const auto part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), part.size() + 1));
        const auto equals = std::min(part.find('='), part.size());
        const auto key = part.substr(0, equals);
        const auto value = part.substr(std::min(part.size(), equals + 1));
        if ((key != "namespace" && key != "name") || !base::is_dns_label(value))
            return base::fail(base::ErrorCode::kInvalid,
                              "'" + std::string(part) + "' is neither namespace=NAME nor name=NAME");
        (key == "name" ? wanted.name : wanted.namespace_name) = value;
    }
    return wanted;
}

}  // namespace fairlead::agent
