#include "unit/cli/pages.h"

#include <fmt/format.h>

namespace fairlead::cli::test {

std::string service_object(const std::string& namespace_name, const std::string& name,
                           const std::vector<std::string>& endpoints) {
    std::string list;
    for (const auto& endpoint : endpoints)
        list += fmt::format("{}\"{}\"", list.empty() ? "" : ",", endpoint);
    return fmt::format(
        R"({{"namespace":"{}","name":"{}","type":"ClusterIP","clusterIPs":["10.96.0.1"],"ports":[{{"name":"http",)"
        R"("protocol":"TCP","port":80,"frontends":[{{"kind":"ClusterIP","address":"10.96.0.1","port":80,"state":"{}","endpoints":[{}]}}]}}]}})",
        namespace_name, name, endpoints.empty() ? "rejected" : "balanced", list);
}

std::string services_page(const std::vector<std::string>& objects) {
    return fmt::format(R"({{"services":[{}]}})", fmt::join(objects, ","));
}

ServiceView service(const std::string& namespace_name, const std::string& name,
                    const std::vector<std::string>& endpoints) {
    return parse_services(services_page({service_object(namespace_name, name, endpoints)})).value().at(0);
}

}  // namespace fairlead::cli::test
