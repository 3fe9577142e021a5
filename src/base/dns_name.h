#pragma once

#include <string_view>

namespace fairlead::base {

/// A label as Kubernetes names namespaces and Services (RFC 1123): 1 to 63 lower-case letters, digits and
/// dashes, no dash first or last.
bool is_dns_label(std::string_view text);

/// The same parts joined by dots, at most 253 characters in all: the names of Nodes and of most other
/// objects.
bool is_dns_subdomain(std::string_view text);

}  // namespace fairlead::base
