#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "kube/objects.h"

namespace fairlead::agent {

/// Which Services a client of a page asks for; absent: all.
struct ServiceQuery {
    std::optional<std::string_view> namespace_name;
    std::optional<std::string_view> name;

    [[nodiscard]] bool matches(const kube::ObjectKey& service) const {
        return (!namespace_name || *namespace_name == service.namespace_name) &&
               (!name || *name == service.name);
    }
};

/// From "namespace=NAME", "name=NAME", or both, joined by '&'; refuses every other query. The result refers
/// to `query`.
base::Result<ServiceQuery> parse_service_query(std::string_view query);

}  // namespace fairlead::agent
