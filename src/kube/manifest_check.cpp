#include "kube/manifest_check.h"

#include <map>
#include <utility>

#include "base/dns_name.h"
#include "kube/lenient_address.h"

namespace fairlead::kube {

namespace {

using Fault = std::optional<ManifestFault>;

Fault label_fault(std::string field, std::string_view text) {
    if (base::is_dns_label(text)) return std::nullopt;
    return ManifestFault{std::move(field),
                         "'" + std::string(text.substr(0, 80)) +
                             "' is no name: up to 63 of a-z, 0-9 and '-' are, with a letter "
                             "or digit at both ends"};
}

Fault name_fault(std::string field, std::string_view text) {
    if (base::is_dns_subdomain(text)) return std::nullopt;
    return ManifestFault{std::move(field), "'" + std::string(text.substr(0, 80)) +
                                               "' is no name: up to 253 of a-z, 0-9, '-' and '.' are, with a "
                                               "letter or digit at both ends of each part"};
}

std::string port_field(std::size_t index, const char* field) {
    return "spec.ports[" + std::to_string(index) + "]." + field;
}

/// Remembers which port of a Service has what, and says who had it before.
class Uniqueness {
  public:
    explicit Uniqueness(const char* field) : field_(field) {}

    Fault add(std::size_t index, const std::string& value) {
        const auto [first, added] = owners_.try_emplace(value, index);
        if (added) return std::nullopt;
        return ManifestFault{port_field(index, field_),
                             value + " is that of spec.ports[" + std::to_string(first->second) + "] too"};
    }

  private:
    const char* field_;
    std::map<std::string, std::size_t> owners_;
};

Fault ports_fault(const Service& service) {
    Uniqueness names{"name"};
    Uniqueness numbers{"port"};
    Uniqueness node_ports{"nodePort"};
    for (std::size_t i = 0; i < service.ports.size(); ++i) {
        const auto& port = service.ports[i];
        const auto numbered = [&](std::uint16_t number) {
            return std::to_string(number) + "/" + std::string(base::name_of(port.protocol));
        };
        if (port.name.empty() && service.ports.size() > 1)
            return ManifestFault{port_field(i, "name"),
                                 "is missing, which only a single port may go without"};
        if (!port.name.empty())
            if (auto fault = label_fault(port_field(i, "name"), port.name)) return fault;
        if (auto fault = names.add(i, port.name)) return fault;
        if (auto fault = numbers.add(i, numbered(port.port))) return fault;
        if (port.node_port == 0) continue;
        if (auto fault = node_ports.add(i, numbered(port.node_port))) return fault;
    }
    return std::nullopt;
}

Fault dns_config_fault(const Pod& pod) {
    constexpr const char* kField = "spec.dnsConfig.nameservers";
    const auto& nameservers = pod.dns_config->nameservers;
    if (pod.dns_policy == DnsPolicy::kNone && nameservers.empty())
        return ManifestFault{kField, "is missing, which dnsPolicy None does not go without"};
    for (std::size_t i = 0; i < nameservers.size(); ++i)
        if (const auto address = parse_lenient_ip(nameservers[i]); !address)
            return ManifestFault{kField + ("[" + std::to_string(i) + "]"), address.error().message};
    return std::nullopt;
}

struct FaultFinder {
    Fault operator()(const Service& service) const {
        if (auto fault = label_fault("metadata.name", service.key.name)) return fault;
        return ports_fault(service);
    }
    Fault operator()(const Namespace& space) const { return label_fault("metadata.name", space.key.name); }
    Fault operator()(const Pod& pod) const {
        if (auto fault = name_fault("metadata.name", pod.key.name)) return fault;
        if (auto fault = dns_config_fault(pod)) return fault;
        return pod.node_name.empty() ? std::nullopt : name_fault("spec.nodeName", pod.node_name);
    }
    template <class Object>
    Fault operator()(const Object& object) const {
        return name_fault("metadata.name", object.key.name);
    }
};

}  // namespace

std::optional<ManifestFault> find_fault(const AnyObject& object) {
    const auto& space =
        std::visit([](const auto& any) -> const std::string& { return any.key.namespace_name; }, object);
    if (!space.empty())
        if (auto fault = label_fault("metadata.namespace", space)) return fault;
    return std::visit(FaultFinder{}, object);
}

}  // namespace fairlead::kube
