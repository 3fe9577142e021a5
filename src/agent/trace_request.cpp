#include "agent/trace_request.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "agent/page_query.h"
#include "base/dns_name.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::IpAddress;
using base::L4Protocol;
using base::Result;

constexpr std::string_view kParameters[] = {"source",   "destination", "port",
                                            "protocol", "namespace",   "interface"};
constexpr std::string_view kPodPrefix = "pod/";
constexpr std::string_view kNode = "node";

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (problem != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

/// Finds the packet's fields out, the destination first: it says which family is meant.
class Request {
  public:
    Request(const TraceGround& ground, std::map<std::string, std::string, std::less<>> parameters)
        : ground_(ground), parameters_(std::move(parameters)) {}

    Result<services::Packet> packet() {
        for (const auto* needed : {"source", "destination", "port"})
            if (text(needed).empty())
                return base::fail(ErrorCode::kInvalid, std::string(needed) + " is missing");
        FAIRLEAD_CHECK(take_protocol());
        FAIRLEAD_TRY(const auto destinations, destination_addresses());
        FAIRLEAD_CHECK(take_port());
        packet_.input_interface = text("interface");
        if (packet_.input_interface.size() > kernel::nftables::ElementBytes::kLongestInterfaceNameBytes)
            return base::fail(ErrorCode::kInvalid,
                              "'" + packet_.input_interface + "' is no interface's name");
        if (text("source") == kNode) return routed(destinations);
        FAIRLEAD_TRY(const auto sources, source_addresses());
        return matched(sources, destinations);
    }

  private:
    [[nodiscard]] std::string text(std::string_view name) const {
        const auto found = parameters_.find(name);
        return found == parameters_.end() ? std::string{} : found->second;
    }
    [[nodiscard]] std::string namespace_name() const {
        const auto given = text("namespace");
        return given.empty() ? "default" : given;
    }

    Result<void> take_protocol() {
        auto name = text("protocol");
        if (name.empty()) return {};
        std::ranges::transform(name, name.begin(), [](unsigned char c) {
            return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        });
        FAIRLEAD_TRY(protocol_, base::parse_l4_protocol(name));
        return {};
    }

    Result<std::vector<IpAddress>> source_addresses() const {
        const auto source = text("source");
        if (source.starts_with(kPodPrefix)) {
            const auto name = source.substr(kPodPrefix.size());
            if (!base::is_dns_subdomain(name))
                return base::fail(ErrorCode::kInvalid, "'" + name + "' is no name of a Pod");
            return ground_.pod_addresses({namespace_name(), name});
        }
        const auto address = IpAddress::parse(source);
        if (!address)
            return base::fail(ErrorCode::kInvalid,
                              "source '" + source + "' is neither an address, nor pod/NAME, nor node");
        return std::vector{*address};
    }

    Result<std::vector<IpAddress>> destination_addresses() {
        const auto destination = text("destination");
        if (const auto address = IpAddress::parse(destination)) return std::vector{*address};
        const auto dot = std::min(destination.find('.'), destination.size());
        const kube::ObjectKey key{dot == destination.size() ? namespace_name() : destination.substr(dot + 1),
                                  destination.substr(0, dot)};
        if (!base::is_dns_label(key.name) || !base::is_dns_label(key.namespace_name))
            return base::fail(
                ErrorCode::kInvalid,
                "destination '" + destination + "' is neither an address nor SERVICE or SERVICE.NAMESPACE");
        const auto* entry = ground_.proxy.catalog().find(key);
        if (entry == nullptr || !entry->service)
            return base::fail(ErrorCode::kNotFound, "there is no Service " + key.to_string());
        service_ = entry->service;
        if (service_->cluster_ips.empty())
            return base::fail(ErrorCode::kNotFound,
                              "the Service " + key.to_string() +
                                  " has no ClusterIP: its name leads to endpoints or to another name, and "
                                  "fairlead leaves it alone");
        return service_->cluster_ips;
    }

    Result<void> take_port() {
        const auto wanted = text("port");
        const auto number = parse_port(wanted);
        for (const auto& port : service_ ? service_->ports : std::vector<kube::ServicePort>{}) {
            const bool named = number ? port.port == *number : port.name == wanted;
            if (!named || (protocol_ && port.protocol != *protocol_)) continue;
            packet_.destination.port = port.port;
            packet_.destination.protocol = port.protocol;
            return {};
        }
        if (!number) return fail_port(wanted);
        packet_.destination.port = *number;
        packet_.destination.protocol = protocol_.value_or(L4Protocol::kTcp);
        return {};
    }

    [[nodiscard]] std::unexpected<base::Error> fail_port(const std::string& wanted) const {
        if (!service_)
            return base::fail(ErrorCode::kInvalid,
                              "'" + wanted + "' is no port: 1 to 65535 beside an address");
        std::string names;
        for (const auto& port : service_->ports)
            if (!port.name.empty()) names += (names.empty() ? "" : ", ") + port.name;
        return base::fail(ErrorCode::kNotFound, "the Service " + service_->key.to_string() +
                                                    " has no port '" + wanted + "'" +
                                                    (names.empty() ? "" : "; its ports are called " + names));
    }

    /// The first destination of whose family the source has an address.
    Result<services::Packet> matched(const std::vector<IpAddress>& sources,
                                     const std::vector<IpAddress>& destinations) {
        for (const auto& destination : destinations) {
            const auto source = std::ranges::find(sources, destination.family(), &IpAddress::family);
            if (source == sources.end()) continue;
            packet_.destination.address = destination;
            packet_.source = *source;
            return packet_;
        }
        return base::fail(ErrorCode::kInvalid, "source and destination have no address of the same family");
    }

    /// The first destination to which the node has a route; if there is none, what the kernel said of the
    /// first.
    Result<services::Packet> routed(const std::vector<IpAddress>& destinations) {
        std::optional<base::Error> first;
        for (const auto& destination : destinations) {
            packet_.destination.address = destination;
            const auto source = ground_.node_source(packet_.destination);
            if (source) {
                packet_.source = *source;
                return packet_;
            }
            if (!first) first = source.error();
        }
        return base::fail_within("this node cannot send to " + text("destination"), *std::move(first));
    }

    const TraceGround& ground_;
    std::map<std::string, std::string, std::less<>> parameters_;
    std::optional<L4Protocol> protocol_;
    std::shared_ptr<const kube::Service> service_;
    services::Packet packet_;
};

}  // namespace

Result<services::Packet> packet_of(const TraceGround& ground, std::string_view query) {
    FAIRLEAD_TRY(auto parameters, parse_page_query(query, kParameters));
    return Request{ground, std::move(parameters)}.packet();
}

std::optional<kube::ObjectKey> pod_of(std::string_view query) {
    const auto parameters = parse_page_query(query, kParameters);
    if (!parameters) return std::nullopt;
    const auto text = [&](std::string_view name) {
        const auto found = parameters->find(name);
        return found == parameters->end() ? std::string{} : found->second;
    };
    const auto source = text("source");
    if (!source.starts_with(kPodPrefix)) return std::nullopt;
    auto namespace_name = text("namespace");
    if (namespace_name.empty()) namespace_name = "default";
    kube::ObjectKey pod{std::move(namespace_name), source.substr(kPodPrefix.size())};
    const bool named = base::is_dns_label(pod.namespace_name) && base::is_dns_subdomain(pod.name);
    return named ? std::optional{std::move(pod)} : std::nullopt;
}

}  // namespace fairlead::agent
