#include "services/elements.h"

#include <algorithm>
#include <bit>

#include "services/layout.h"

namespace fairlead::services {

namespace {

using base::Family;
using kernel::nftables::DataType;
using kernel::nftables::Element;
using kernel::nftables::ElementBytes;
using kernel::nftables::ElementReader;

ElementBytes& add(ElementBytes& bytes, const Frontend& frontend) {
    return bytes.add(frontend.address).add(frontend.protocol).add_port(frontend.port);
}

ElementBytes bytes_of(const Frontend& frontend) {
    ElementBytes bytes;
    return add(bytes, frontend);
}

Frontend read_frontend(ElementReader& reader, Family family) {
    Frontend frontend;
    frontend.address = reader.address(family);
    frontend.protocol = static_cast<base::L4Protocol>(reader.protocol());
    frontend.port = reader.port();
    return frontend;
}

Backend read_backend(ElementReader& reader, Family family) {
    Backend backend;
    backend.address = reader.address(family);
    backend.port = reader.port();
    return backend;
}

std::size_t backend_bytes(Family family) {
    return base::address_size_bytes(family) + padded_size_bytes(DataType::kInetService);
}

std::size_t frontend_bytes(Family family) {
    return backend_bytes(family) + padded_size_bytes(DataType::kInetProtocol);
}

/// The prefix that holds exactly the addresses from `first` to `last`, if there is one.
std::optional<base::Prefix> prefix_of(const base::IpAddress& first, const base::IpAddress& last) {
    unsigned length = 0;
    for (std::size_t i = 0; i < first.bytes().size(); ++i) {
        const auto differing = std::to_integer<std::uint8_t>(first.bytes()[i] ^ last.bytes()[i]);
        const auto equal_bits = static_cast<unsigned>(std::countl_zero(differing));
        length += equal_bits;
        if (differing != 0) break;
    }
    const base::Prefix prefix{first, length};
    if (prefix.first() != first || prefix.last() != last) return std::nullopt;
    return prefix;
}

}  // namespace

Element frontend_element(const Frontend& frontend, const Balancer& balancer) {
    const auto key = key_of(balancer);
    return {bytes_of(frontend),
            {},
            ElementBytes{}
                .add_number(balancer.size)
                .add_number(key.size_and_flags)
                .add_number(key.affinity_timeout_s),
            {}};
}

Element endpoint_element(const Frontend& frontend, std::uint32_t index, const Backend& backend, bool sticky) {
    Element element;
    element.key.add_number(index);
    add(element.key, frontend);
    if (sticky) element.data.add_port(frontend.port);
    element.data.add(backend.address).add_port(backend.port);
    return element;
}

Element alive_element(const Frontend& frontend, const Backend& backend) {
    return {bytes_of(frontend).add(backend.address).add_port(backend.port), {}, {}, {}};
}

Element frontend_key_element(const Frontend& frontend) {
    return {bytes_of(frontend), {}, {}, {}};
}

Element source_element(const Frontend& frontend, const base::Prefix& source) {
    return {bytes_of(frontend).add(source.first()), bytes_of(frontend).add(source.last()), {}, {}};
}

Element balancer_element(const Balancer& balancer) {
    const auto key = key_of(balancer);
    return {ElementBytes{}.add_number(key.size_and_flags).add_number(key.affinity_timeout_s),
            {},
            {},
            name_of(balancer)};
}

Element address_element(const base::IpAddress& address) {
    return {ElementBytes{}.add(address), {}, {}, {}};
}

Element hairpin_element(const base::IpAddress& address) {
    return {ElementBytes{}.add(address).add(address), {}, {}, {}};
}

Element service_endpoint_element(const ServiceEndpoint& endpoint) {
    return {ElementBytes{}.add(endpoint.address).add(endpoint.protocol).add_port(endpoint.port), {}, {}, {}};
}

Element prefix_element(const base::Prefix& prefix) {
    return {ElementBytes{}.add(prefix.first()), ElementBytes{}.add(prefix.last()), {}, {}};
}

Element interface_prefix_element(const std::string& prefix) {
    return {
        ElementBytes{}.add_interface_name(prefix), ElementBytes{}.add_last_interface_name(prefix), {}, {}};
}

Element interface_element(const std::string& name) {
    return {ElementBytes{}.add_interface_name(name), ElementBytes{}.add_interface_name(name), {}, {}};
}

std::optional<Frontend> frontend_of(const ElementBytes& key, Family family) {
    if (key.bytes().size() != frontend_bytes(family)) return std::nullopt;
    ElementReader reader{key};
    return read_frontend(reader, family);
}

std::optional<FrontendChoice> choice_of(const Element& element, Family family) {
    constexpr std::size_t kThreeNumbersBytes = 12;
    const auto frontend = frontend_of(element.key, family);
    if (!frontend || element.data.bytes().size() != kThreeNumbersBytes) return std::nullopt;
    ElementReader data{element.data};
    FrontendChoice choice;
    choice.frontend = *frontend;
    choice.endpoint_count = data.number();
    choice.balancer.size_and_flags = data.number();
    choice.balancer.affinity_timeout_s = data.number();
    return choice;
}

std::optional<EndpointPlace> endpoint_of(const Element& element, Family family, bool sticky) {
    const auto data_bytes = backend_bytes(family) + (sticky ? padded_size_bytes(DataType::kInetService) : 0);
    if (element.key.bytes().size() != sizeof(std::uint32_t) + frontend_bytes(family)) return std::nullopt;
    if (element.data.bytes().size() != data_bytes) return std::nullopt;
    ElementReader key{element.key};
    ElementReader data{element.data};
    EndpointPlace place;
    place.index = key.number();
    place.frontend = read_frontend(key, family);
    if (sticky && data.port() != place.frontend.port) return std::nullopt;
    place.backend = read_backend(data, family);
    return place;
}

std::optional<std::pair<Frontend, Backend>> alive_endpoint_of(const ElementBytes& key, Family family) {
    if (key.bytes().size() != frontend_bytes(family) + backend_bytes(family)) return std::nullopt;
    ElementReader reader{key};
    const auto frontend = read_frontend(reader, family);
    return std::pair{frontend, read_backend(reader, family)};
}

std::optional<std::pair<Frontend, base::Prefix>> allowed_source_of(const Element& element, Family family) {
    const auto size = frontend_bytes(family) + base::address_size_bytes(family);
    if (element.key.bytes().size() != size || element.key_end.bytes().size() != size) return std::nullopt;
    ElementReader first{element.key};
    ElementReader last{element.key_end};
    const auto frontend = read_frontend(first, family);
    if (read_frontend(last, family) != frontend) return std::nullopt;
    const auto first_address = first.address(family);
    const auto prefix = prefix_of(first_address, last.address(family));
    if (!prefix) return std::nullopt;
    return std::pair{frontend, *prefix};
}

std::optional<base::IpAddress> address_of(const ElementBytes& key, Family family) {
    if (key.bytes().size() < base::address_size_bytes(family)) return std::nullopt;
    ElementReader reader{key};
    return reader.address(family);
}

std::optional<ServiceEndpoint> service_endpoint_of(const ElementBytes& key, Family family) {
    const auto fields = frontend_of(key, family);
    if (!fields) return std::nullopt;
    return ServiceEndpoint{fields->address, fields->protocol, fields->port};
}

std::vector<FrontendMark> marks_of(const Frontend& frontend, const Backing& backing) {
    std::vector<FrontendMark> marks;
    const auto mark = [&](std::string_view set) { marks.push_back({set, frontend_key_element(frontend)}); };
    const bool none = backing.backends.empty();
    const bool none_for_outside = backing.outside_backends && backing.outside_backends->empty();
    if (none) mark(backing.unserved == Unserved::kRejected ? kNoEndpoints : kDropped);
    if (!none && none_for_outside) mark(kDropped);
    if (backing.masqueraded) mark(kMasqueradeAll);
    if (backing.outside_backends) mark(kMasqueradeNode);
    for (const auto& source : backing.allowed_sources)
        marks.push_back({kAllowedSources, source_element(frontend, source)});
    std::ranges::sort(marks);
    return marks;
}

}  // namespace fairlead::services
