#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/service_view.h"

namespace fairlead::cli {

/// Which Services a command is about.
struct ServiceSelection {
    std::string namespace_name;      ///< empty: every namespace
    std::vector<std::string> names;  ///< empty: all; sorted, each once

    /// Path and query of an agent's page that has at least these. Names and namespaces are DNS labels, so
    /// nothing in it needs escaping.
    [[nodiscard]] std::string target(const std::string& page = "/services") const;

    [[nodiscard]] bool matches(const ServiceView& service) const {
        return matches(service.namespace_name, service.name);
    }
    [[nodiscard]] bool matches(const std::string& service_namespace, const std::string& service_name) const;

    /// "in namespace shop" or "in any namespace".
    [[nodiscard]] std::string place() const;

    /// The names that none of `services` has.
    [[nodiscard]] std::vector<std::string> missing(std::span<const ServiceView> services) const;
};

/// Why `text` cannot be the name of a namespace or a Service (RFC 1123 label, as Kubernetes has it); empty if
/// it can.
std::string why_no_label(std::string_view text);

/// Why `word` is not a kind that fairlead shows ("services", "svc/cart"); empty if it is.
std::string why_no_resource(std::string_view word);

/// The names in what follows the verb, in kubectl's forms: "svc a b" or "svc/a svc/b". kInvalid for any
/// other.
base::Result<std::vector<std::string>> parse_names(std::string_view resource,
                                                   std::span<const std::string> names);

}  // namespace fairlead::cli
