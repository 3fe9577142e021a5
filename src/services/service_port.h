#pragma once

#include <compare>
#include <string>

#include "kube/objects.h"

namespace fairlead::services {

/// One port of a Service.
struct ServicePort {
    kube::ObjectKey service;
    std::string port;  ///< its name; its number where it has none

    friend auto operator<=>(const ServicePort&, const ServicePort&) = default;
    friend bool operator==(const ServicePort&, const ServicePort&) = default;
};

inline ServicePort service_port(const kube::ObjectKey& service, const kube::ServicePort& port) {
    return {service, port.name.empty() ? std::to_string(port.port) : port.name};
}

}  // namespace fairlead::services
