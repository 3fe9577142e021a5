#include "migrate/nftables_rules.h"

#include <algorithm>
#include <charconv>

namespace fairlead::migrate {

namespace {

using base::ErrorCode;
using base::Family;
using base::Result;
using kernel::nftables::Element;
using kernel::nftables::ElementBytes;
using kernel::nftables::ElementReader;
using kernel::nftables::NftTables;
using kernel::nftables::Rule;
using kernel::nftables::TableContents;
using services::Backend;
using services::Frontend;

constexpr std::size_t kPaddedPortBytes = 4;
constexpr std::string_view kEndpointPrefix = "endpoint-";
constexpr std::string_view kServicePrefixes[] = {"service-", "external-"};

std::optional<base::L4Protocol> protocol_of(std::uint8_t number) {
    for (const auto known : {base::L4Protocol::kTcp, base::L4Protocol::kUdp, base::L4Protocol::kSctp})
        if (number == static_cast<std::uint8_t>(known)) return known;
    return std::nullopt;
}

/// "service-ULMVA6XW-shop/cart/tcp/http" -> "shop/cart/tcp/http"; empty for chains of other shapes.
std::string_view port_key_of(std::string_view chain) {
    for (const auto prefix : kServicePrefixes) {
        if (!chain.starts_with(prefix)) continue;
        const auto hash_end = chain.find('-', prefix.size());
        return hash_end == std::string_view::npos ? std::string_view{} : chain.substr(hash_end + 1);
    }
    return {};
}

/// "shop/cart/tcp/http" -> "shop/cart:http"; "shop/cart/tcp/" -> "shop/cart".
std::string service_of(std::string_view key) {
    const auto port = key.rfind('/');
    if (port == std::string_view::npos) return std::string(key);
    const auto protocol = key.substr(0, port).rfind('/');
    if (protocol == std::string_view::npos) return std::string(key);
    const auto port_name = key.substr(port + 1);
    return std::string(key.substr(0, protocol)) + (port_name.empty() ? "" : ":" + std::string(port_name));
}

/// "10.64.1.2/8080", or "fd00..2/8080" for [fd00::2]:8080.
std::optional<Backend> backend_of_name(std::string_view text, Family family) {
    const auto slash = text.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    std::string host{text.substr(0, slash)};
    if (family == Family::kIpv6) std::ranges::replace(host, '.', ':');
    const auto address = base::IpAddress::parse(host);
    const auto digits = text.substr(slash + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (!address || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return Backend{*address, port};
}

std::optional<Backend> backend_of_data(const ElementBytes& data, Family family) {
    if (data.bytes().size() != base::address_size_bytes(family) + kPaddedPortBytes) return std::nullopt;
    ElementReader reader{data};
    const auto address = reader.address(family);
    return Backend{address, reader.port()};
}

/// The endpoint that a rule of its own translates to: two constants, an address and a port.
std::optional<Backend> backend_of_rule(const Rule& rule, Family family) {
    std::optional<base::IpAddress> address;
    std::optional<std::uint16_t> port;
    for (const auto& expression : rule.expressions) {
        const auto* constant = std::get_if<kernel::nftables::LoadImmediate>(&expression);
        if (constant == nullptr) continue;
        const auto& bytes = constant->value;
        if (bytes.size() == base::address_size_bytes(family)) address = base::IpAddress{bytes};
        if (bytes.size() == 2)
            port = static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[0]) << 8U |
                                              std::to_integer<unsigned>(bytes[1]));
    }
    return address && port ? std::optional{Backend{*address, *port}} : std::nullopt;
}

class TableReader {
  public:
    TableReader(NftTables& tables, Family family, const TableContents& contents)
        : tables_(tables), family_(family), contents_(contents) {
        rules_.family = family;
    }

    Result<KubeProxyRules> read() && {
        take_chain_names();
        FAIRLEAD_CHECK(take_rules());
        for (const auto* map : {"service-ips", "no-endpoint-services"})
            FAIRLEAD_CHECK(visit(map, [&](const Element& element) { take_frontend(element); }));
        for (const auto* map : {"service-nodeports", "no-endpoint-nodeports"})
            FAIRLEAD_CHECK(visit(map, [&](const Element& element) { take_node_port(element); }));
        FAIRLEAD_CHECK(visit("nodeport-ips", [&](const Element& element) {
            if (element.key.bytes().size() == base::address_size_bytes(family_))
                rules_.node_port_addresses.insert(ElementReader{element.key}.address(family_));
        }));
        return std::move(rules_);
    }

  private:
    /// Every element of a set, once; of none if the set is not there.
    Result<void> visit(std::string_view set, const std::function<void(const Element&)>& take) {
        std::vector<Element> elements;
        const auto read = tables_.read_elements(
            family_, kKubeProxyTable, set, [&] { elements.clear(); },
            [&](Element element) { elements.push_back(std::move(element)); });
        if (!read && read.error().code == ErrorCode::kNotFound && !set.starts_with("__")) return {};
        FAIRLEAD_CHECK(read);
        std::ranges::for_each(elements, take);
        return {};
    }

    void take_chain_names() {
        for (const auto& chain : contents_.chains) {
            const std::string_view name = chain.name;
            if (!name.starts_with(kEndpointPrefix)) continue;
            const auto hash_end = name.find('-', kEndpointPrefix.size());
            const auto address = name.rfind("__");
            if (hash_end == std::string_view::npos || address == std::string_view::npos || address < hash_end)
                continue;
            const auto key = name.substr(hash_end + 1, address - hash_end - 1);
            if (const auto backend = backend_of_name(name.substr(address + 2), family_))
                backends_[std::string(key)].insert(*backend);
        }
    }

    Result<void> take_rules() {
        for (const auto& rule : contents_.rules) {
            if (rule.chain == "services") take_settings(rule);
            const std::string key{port_key_of(rule.chain)};
            if (key.empty()) continue;
            if (const auto backend = backend_of_rule(rule, family_)) backends_[key].insert(*backend);
            std::uint32_t count = 0;
            for (const auto& expression : rule.expressions) {
                if (const auto* random = std::get_if<kernel::nftables::RandomNumber>(&expression))
                    count = random->modulus;
                const auto* lookup = std::get_if<kernel::nftables::LookupMap>(&expression);
                if (lookup == nullptr) continue;
                if (count > 0)
                    add_numbered(key, {lookup->map, count});
                else
                    FAIRLEAD_CHECK(
                        visit(lookup->map, [&](const Element& element) { take_backend(key, element); }));
            }
        }
        return take_numbered_maps();
    }

    void add_numbered(const std::string& key, kernel::nftables::NumberedMap map) {
        numbered_maps_.push_back(std::move(map));
        numbered_keys_.push_back(key);
    }

    void take_backend(const std::string& key, const Element& element) {
        if (const auto backend = backend_of_data(element.data, family_)) backends_[key].insert(*backend);
    }

    Result<void> take_numbered_maps() {
        return tables_.read_numbered_maps(
            family_, kKubeProxyTable, numbered_maps_,
            [&](std::size_t map, const Element& element) { take_backend(numbered_keys_[map], element); });
    }

    void take_settings(const Rule& rule) {
        if (rule.comment == "masquerade all clusterIP traffic") rules_.masquerades_all = true;
        if (rule.comment == "masquerade clusterIP traffic from outside cluster")
            rules_.pods = pods_of(rule, family_);
        // "fib daddr type local" where others have "daddr @nodeport-ips".
        for (const auto& expression : rule.expressions)
            if (std::holds_alternative<kernel::nftables::Fib>(expression))
                rules_.node_ports_everywhere = true;
    }

    Target target_of(const Element& element) {
        const std::string key{port_key_of(element.verdict_chain)};
        return {service_of(key), key.empty() ? std::set<Backend>{} : backends_[key]};
    }

    void take_frontend(const Element& element) {
        if (element.key.bytes().size() != base::address_size_bytes(family_) + 2 * kPaddedPortBytes) return;
        ElementReader reader{element.key};
        const auto address = reader.address(family_);
        const auto protocol = protocol_of(reader.protocol());
        if (protocol)
            rules_.frontends.try_emplace(Frontend{address, *protocol, reader.port()}, target_of(element));
    }

    void take_node_port(const Element& element) {
        if (element.key.bytes().size() != 2 * kPaddedPortBytes) return;
        ElementReader reader{element.key};
        const auto protocol = protocol_of(reader.protocol());
        if (protocol) rules_.node_ports.try_emplace(NodePort{*protocol, reader.port()}, target_of(element));
    }

    NftTables& tables_;
    Family family_;
    const TableContents& contents_;
    KubeProxyRules rules_;
    std::map<std::string, std::set<Backend>> backends_;  // by "shop/cart/tcp/http"
    std::vector<kernel::nftables::NumberedMap> numbered_maps_;
    std::vector<std::string> numbered_keys_;  // whose endpoints they are, by the same
};

}  // namespace

Result<std::optional<KubeProxyRules>> read_nftables_rules(NftTables& tables, Family family) {
    // Between two dumps kube-proxy may have replaced a map without name.
    constexpr int kTries = 5;
    for (int attempt = 1;; ++attempt) {
        FAIRLEAD_TRY(const auto contents, tables.read_table(family, kKubeProxyTable));
        if (!contents) return std::nullopt;
        auto rules = TableReader{tables, family, *contents}.read();
        if (rules) return *std::move(rules);
        if (rules.error().code != ErrorCode::kNotFound || attempt == kTries)
            return std::unexpected(std::move(rules).error());
    }
}

Result<void> remove_nftables_rules(NftTables& tables, Family family) {
    kernel::nftables::Transaction transaction{{family, std::string(kKubeProxyTable), ""}};
    transaction.add(kernel::nftables::DestroyTable{});
    return tables.commit(transaction);
}

}  // namespace fairlead::migrate
