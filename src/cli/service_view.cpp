#include "cli/service_view.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/sort_unique.h"
#include "cli/json_fields.h"

namespace fairlead::cli {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using namespace json;  // NOLINT(google-build-using-namespace): fields, and nothing else

constexpr std::string_view kApiVersion = "fairlead.status/v1alpha1";

FrontendView frontend_view(element item) {
    element outside;
    return {text(item, "kind"),
            text(item, "address"),
            number(item, "port"),
            text(item, "state"),
            texts(item, "endpoints"),
            item["outsideEndpoints"].get(outside) == simdjson::SUCCESS,
            texts(item, "outsideEndpoints")};
}

PortView port_view(element item) {
    PortView port{
        text(item, "name"), text(item, "protocol"), number(item, "port"), number(item, "nodePort"), {}};
    each(item, "frontends", [&](element frontend) { port.frontends.push_back(frontend_view(frontend)); });
    return port;
}

/// `service` with the fields of `head` before its own.
std::string json_with(std::string_view head, const ServiceView& service) {
    return fmt::format("{{{},{}", head, std::string_view(service.json).substr(1));
}

}  // namespace

base::Result<std::vector<ServiceView>> parse_services(std::string_view json) {
    simdjson::dom::parser parser;
    element page;
    array items;
    if (parser.parse(json.data(), json.size()).get(page) || page["services"].get(items))
        return base::fail(base::ErrorCode::kInvalid,
                          "the agent answered with something that is no list of Services");
    std::vector<ServiceView> services;
    for (const element item : items) {
        if (!item.is_object())
            return base::fail(base::ErrorCode::kInvalid, "the agent's list has something that is no Service");
        ServiceView service{
            text(item, "namespace"),  text(item, "name"), text(item, "type"), texts(item, "clusterIPs"), {},
            simdjson::to_string(item)};
        each(item, "ports", [&](element port) { service.ports.push_back(port_view(port)); });
        services.push_back(std::move(service));
    }
    return services;
}

std::string state_of(const ServiceView& service) {
    if (service.deleted) return "deleted";
    std::string worst = service.cluster_ips.empty() ? "-" : "balanced";
    for (const auto& port : service.ports)
        for (const auto& frontend : port.frontends)
            if (frontend.state == "pending" || (frontend.state != "balanced" && worst != "pending"))
                worst = frontend.state;
    return worst;
}

std::vector<std::string> endpoints_of(const ServiceView& service) {
    std::vector<std::string> endpoints;
    for (const auto& port : service.ports)
        for (const auto& frontend : port.frontends)
            endpoints.insert(endpoints.end(), frontend.endpoints.begin(), frontend.endpoints.end());
    base::sort_unique(endpoints);
    return endpoints;
}

std::string service_json(const ServiceView& service) {
    return json_with(fmt::format(R"("apiVersion":"{}","kind":"Service")", kApiVersion), service);
}

std::string service_list_json(const std::vector<ServiceView>& services) {
    std::string items;
    for (const auto& service : services)
        items += (items.empty() ? "" : ",") + json_with(R"("kind":"Service")", service);
    return fmt::format(R"({{"apiVersion":"{}","kind":"ServiceList","items":[{}]}})", kApiVersion, items);
}

}  // namespace fairlead::cli
