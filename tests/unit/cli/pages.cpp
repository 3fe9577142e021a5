#include "unit/cli/pages.h"

namespace fairlead::cli::test {

namespace {

std::string joined(const std::vector<std::string>& parts, const std::string& quote) {
    std::string text;
    for (const auto& part : parts)
        text += (text.empty() ? "" : ",") + quote + part + quote;
    return text;
}

}  // namespace

std::string service_object(const std::string& namespace_name, const std::string& name,
                           const std::vector<std::string>& endpoints) {
    const std::string state = endpoints.empty() ? "rejected" : "balanced";
    return R"({"namespace":")" + namespace_name + R"(","name":")" + name +
           R"(","type":"ClusterIP","clusterIPs":["10.96.0.1"],"ports":[{"name":"http","protocol":"TCP","port":80,)"
           R"("frontends":[{"kind":"ClusterIP","address":"10.96.0.1","port":80,"state":")" +
           state + R"(","endpoints":[)" + joined(endpoints, "\"") + "]}]}]}";
}

std::string services_page(const std::vector<std::string>& objects) {
    return R"({"services":[)" + joined(objects, "") + "]}";
}

ServiceView service(const std::string& namespace_name, const std::string& name,
                    const std::vector<std::string>& endpoints) {
    return parse_services(services_page({service_object(namespace_name, name, endpoints)})).value().at(0);
}

}  // namespace fairlead::cli::test
