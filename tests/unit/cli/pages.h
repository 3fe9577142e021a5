#pragma once

#include <string>
#include <vector>

#include "cli/service_view.h"

namespace fairlead::cli::test {

/// The object of a Service with port 80/TCP on 10.96.0.1 in the page /services.
std::string service_object(const std::string& namespace_name, const std::string& name,
                           const std::vector<std::string>& endpoints);
/// A page of these objects.
std::string services_page(const std::vector<std::string>& objects);
/// The same object, parsed.
ServiceView service(const std::string& namespace_name, const std::string& name,
                    const std::vector<std::string>& endpoints);

}  // namespace fairlead::cli::test
