#include "zone_model.h"

#include <algorithm>
#include <sstream>

namespace fairlead::test {

namespace {

std::string lowered(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
    return text;
}

std::string dashed(const std::string& address) {
    auto text = address;
    std::ranges::replace_if(text, [](char c) { return c == '.' || c == ':'; }, '-');
    return text.ends_with('-') ? text + "0" : text;
}

const char* type_of(const std::string& address) {
    return address.contains(':') ? "AAAA" : "A";
}

std::string reverse_of(const base::IpAddress& address) {
    std::ostringstream text;
    const auto bytes = address.bytes();
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
        const auto value = std::to_integer<unsigned>(*byte);
        if (bytes.size() == 4)
            text << std::dec << value << '.';
        else
            text << std::hex << (value & 15U) << '.' << (value >> 4U) << '.';
    }
    return text.str() + (bytes.size() == 4 ? "in-addr.arpa." : "ip6.arpa.");
}

std::string port_prefix(const std::string& name, base::L4Protocol protocol) {
    return "_" + lowered(name) + "._" + lowered(std::string(base::name_of(protocol))) + ".";
}

std::string srv(std::size_t entries, unsigned port, const std::string& target) {
    return "0 " + std::to_string(std::max<std::size_t>(100 / entries, 1)) + " " + std::to_string(port) + " " +
           target;
}

}  // namespace

ZoneModel::ZoneModel(kube::Stores& stores, const dns::ZoneOptions& options)
    : options_(options), domain_(options.cluster_domains.front().to_string()) {
    for (const auto* name : {"", "svc.", "pod.", "dns."})
        add_name(name + domain_);
    add(domain_, "SOA", "");
    add(domain_, "NS", "ns.dns." + domain_);
    add_name("ns.dns." + domain_);
    add("dns-version." + domain_, "TXT",
        "\x05"
        "1.1.0");
    stores.namespaces.for_each([&](const auto& space) { namespaces_.insert(space->key.name); });
    stores.services.for_each([&](const auto& service) { add_service(stores, *service); });
    for (const auto& space : namespaces_) {
        add_name(space + ".svc." + domain_);
        add_name(space + ".pod." + domain_);
    }
}

void ZoneModel::add_name(const std::string& name) {
    for (auto rest = name; rest.ends_with(domain_); rest.erase(0, rest.find('.') + 1))
        names_.insert(rest);
}

void ZoneModel::add(const std::string& name, const std::string& type, const std::string& data) {
    data_[name][type].insert(data);
    add_name(name);
}

void ZoneModel::add_address(const std::string& name, const std::string& address) {
    add(name, type_of(address), address);
    addresses_.insert(name + " " + type_of(address) + " " + address);
}

std::vector<ZoneModel::Target> ZoneModel::targets_of(kube::Stores& stores, const kube::Service& service,
                                                     const std::string& name) const {
    std::vector<Target> targets;
    stores.slices.for_each([&](const auto& slice) {
        if (slice->key.namespace_name != service.key.namespace_name ||
            slice->service_name != service.key.name)
            return;
        const auto hostnames = slice->hostnames ? slice->hostnames->all() : std::vector<std::string>{};
        const auto pods = slice->pods.all();
        for (std::size_t i = 0; i < slice->endpoints.size(); ++i) {
            if (!slice->endpoints[i].ready) continue;
            const auto address = slice->endpoints[i].address.to_string();
            auto label = i < hostnames.size() ? hostnames[i] : "";
            if (label.empty() && options_.endpoint_naming == dns::EndpointNaming::kPodName && i < pods.size())
                label = pods[i].contains('.') ? "" : pods[i];
            Target target{(label.empty() ? dashed(address) : label) + "." + name, address, slice->ports};
            if (std::ranges::none_of(targets, [&](const Target& other) {
                    return other.name == target.name && other.address == target.address &&
                           other.ports == target.ports;
                }))
                targets.push_back(std::move(target));
        }
    });
    return targets;
}

void ZoneModel::add_service(kube::Stores& stores, const kube::Service& service) {
    const auto name = service.key.name + "." + service.key.namespace_name + ".svc." + domain_;
    if (service.type == kube::ServiceType::kExternalName) {
        if (service.external_name->empty() || base::IpAddress::parse(*service.external_name)) return;
        add(name, "CNAME", *service.external_name + ".");
        namespaces_.insert(service.key.namespace_name);
        return;
    }
    const auto targets = targets_of(stores, service, name);
    if (service.headless ? targets.empty() : service.cluster_ips.empty()) return;
    namespaces_.insert(service.key.namespace_name);
    add_endpoint_names(targets);
    if (service.headless)
        add_headless(name, targets);
    else
        add_cluster_ip(service, name);
    if (service.key != options_.dns_service) return;
    const auto records = data_[name];
    for (const auto* type : {"A", "AAAA"})
        if (const auto found = records.find(type); found != records.end())
            for (const auto& address : found->second)
                add_address("ns.dns." + domain_, address);
}

void ZoneModel::add_cluster_ip(const kube::Service& service, const std::string& name) {
    const auto count = service.cluster_ips.size();
    for (const auto& ip : service.cluster_ips) {
        add_address(name, ip.to_string());
        cluster_ip_pointers_[reverse_of(ip)].insert(name);
        for (const auto& port : service.ports) {
            add(name, "SRV", srv(count * service.ports.size(), port.port, name));
            if (port.name.empty()) continue;
            const auto port_name = port_prefix(port.name, port.protocol) + name;
            add_address(port_name, ip.to_string());
            add(port_name, "SRV", srv(count, port.port, name));
        }
    }
}

/// SRV records of all ports or of one, with the addresses of who has it.
void ZoneModel::add_targets(const std::string& name, const std::vector<Target>& targets,
                            const kube::EndpointPort* only) {
    const auto is_wanted = [&](const kube::EndpointPort& port) {
        return only == nullptr || (port.name == only->name && port.protocol == only->protocol);
    };
    std::size_t count = 0;
    for (const auto& target : targets)
        count += static_cast<std::size_t>(std::ranges::count_if(
            target.ports, [&](const auto& port) { return port.port != 0 && is_wanted(port); }));
    for (const auto& target : targets) {
        if (only == nullptr || std::ranges::any_of(target.ports, is_wanted))
            add_address(name, target.address);
        for (const auto& port : target.ports)
            if (port.port != 0 && is_wanted(port)) add(name, "SRV", srv(count, port.port, target.name));
    }
}

void ZoneModel::add_endpoint_names(const std::vector<Target>& targets) {
    for (const auto& target : targets) {
        std::vector<Target> of_that_name;
        std::ranges::copy_if(targets, std::back_inserter(of_that_name),
                             [&](const Target& other) { return other.name == target.name; });
        add_targets(target.name, of_that_name, nullptr);
        endpoint_pointers_[reverse_of(base::IpAddress::parse(target.address).value())].insert(target.name);
    }
}

void ZoneModel::add_headless(const std::string& name, const std::vector<Target>& targets) {
    add_targets(name, targets, nullptr);
    for (const auto& target : targets)
        for (const auto& port : target.ports)
            if (!port.name.empty()) add_targets(port_prefix(port.name, port.protocol) + name, targets, &port);
}

bool ZoneModel::is_ours(const std::string& name) const {
    return name == domain_ || name.ends_with("." + domain_);
}

std::optional<ZoneModel::Data> ZoneModel::pod(const std::string& name) const {
    const auto suffix = ".pod." + domain_;
    if (options_.pod_names != dns::PodNames::kInsecure || !name.ends_with(suffix)) return std::nullopt;
    const auto rest = name.substr(0, name.size() - suffix.size());
    const auto dot = rest.find('.');
    if (dot == std::string::npos || !namespaces_.contains(rest.substr(dot + 1))) return std::nullopt;
    for (const char mark : {'.', ':'}) {
        auto text = rest.substr(0, dot);
        std::ranges::replace(text, '-', mark);
        if (const auto address = base::IpAddress::parse(text))
            return Data{{type_of(address->to_string()), {address->to_string()}}};
    }
    return std::nullopt;
}

ZoneModel::Answer ZoneModel::answer(const std::string& asked, const std::string& type) const {
    Answer answer;
    auto name = asked;
    for (int aliases = 0; aliases <= 10; ++aliases) {
        std::optional<Data> data;
        if (!is_ours(name)) {
            const auto ip = cluster_ip_pointers_.find(name);
            const auto endpoint = endpoint_pointers_.find(name);
            if (ip != cluster_ip_pointers_.end())
                data = Data{{"PTR", ip->second}};
            else if (endpoint != endpoint_pointers_.end())
                data = Data{{"PTR", endpoint->second}};
            else {
                answer.outcome = aliases == 0 ? "OUTSIDE" : "FOLLOW " + name;
                return answer;
            }
        } else if (names_.contains(name)) {
            const auto found = data_.find(name);
            data = found == data_.end() ? Data{} : found->second;
        } else {
            data = pod(name);
        }
        if (data && data->contains("CNAME") && type != "CNAME") {
            const auto target = *data->at("CNAME").begin();
            answer.records.push_back(name + " CNAME " + target);
            name = target;
            continue;
        }
        answer.outcome = data ? "NOERROR" : "NXDOMAIN";
        answer.has_soa = !data || !data->contains(type);
        if (!answer.has_soa)
            for (const auto& record : data->at(type))
                answer.records.push_back(name + " " + type + " " + record);
        std::ranges::sort(answer.records);
        return answer;
    }
    return {"SERVFAIL", {}, false};
}

dns::NameState ZoneModel::state_of(const std::string& name) const {
    if (is_ours(name))
        return names_.contains(name) || pod(name) ? dns::NameState::kExists : dns::NameState::kMissing;
    return cluster_ip_pointers_.contains(name) || endpoint_pointers_.contains(name)
               ? dns::NameState::kExists
               : dns::NameState::kOutside;
}

}  // namespace fairlead::test
