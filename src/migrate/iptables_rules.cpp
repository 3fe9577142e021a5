#include "migrate/iptables_rules.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "migrate/iptables_chains.h"

namespace fairlead::migrate {

namespace {

using base::Family;
using services::Backend;
using services::Frontend;

constexpr std::string_view kServices = "KUBE-SERVICES";
constexpr std::string_view kExternalServices = "KUBE-EXTERNAL-SERVICES";
constexpr std::string_view kNodePorts = "KUBE-NODEPORTS";

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

std::optional<base::L4Protocol> protocol_of(std::string_view text) {
    std::string upper{text};
    std::ranges::transform(upper, upper.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto protocol = base::parse_l4_protocol(upper);
    return protocol ? std::optional{*protocol} : std::nullopt;
}

/// "10.96.0.1/32" as one address; nullopt for a range.
std::optional<base::IpAddress> host_of(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = base::IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    const bool whole = slash == std::string_view::npos ||
                       text.substr(slash + 1) == (address->family() == Family::kIpv4 ? "32" : "128");
    return whole ? std::optional{*address} : std::nullopt;
}

/// "10.64.1.2:8080" or "[fd00::2]:8080".
std::optional<Backend> backend_of(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const auto address = base::IpAddress::parse(host);
    const auto port = port_of(text.substr(colon + 1));
    if (!address || !port) return std::nullopt;
    return Backend{*address, *port};
}

/// Comments begin with namespace/name:port.
std::string service_of(const IptablesRule& rule) {
    const auto comment = rule.after("--comment");
    return std::string(comment.substr(0, comment.find(' ')));
}

class Reader {
  public:
    Reader(const std::vector<IptablesTable>& tables, Family family, RulesKind kind) {
        rules_.family = family;
        rules_.kind = kind;
        for (const auto& table : tables)
            read(table);
    }

    std::optional<KubeProxyRules> result() && {
        return found_ ? std::optional{std::move(rules_)} : std::nullopt;
    }

  private:
    void read(const IptablesTable& table) {
        found_ = found_ || std::ranges::any_of(table.chains, is_kube_proxy_chain);
        by_chain_.clear();
        for (const auto& rule : table.rules)
            by_chain_[rule.chain].push_back(&rule);
        for (const auto& rule : table.rules) {
            if (rule.chain == kServices || (rule.chain == kExternalServices && table.name == "filter"))
                read_frontend(rule);
            // In the table filter this chain lets health checks in.
            if (rule.chain == kNodePorts && table.name == "nat") read_node_port(rule);
            if (rule.chain.starts_with("KUBE-SVC-") && rule.target() == kMarkChain && rule.has("-d"))
                read_masquerade(rule);
        }
    }

    void read_frontend(const IptablesRule& rule) {
        if (rule.target() == kNodePorts) return read_node_port_address(rule);
        // A node port without endpoints is rejected by its port alone.
        if (!rule.has("-d")) return read_node_port(rule);
        const auto address = host_of(rule.after("-d"));
        const auto protocol = protocol_of(rule.after("-p"));
        const auto port = port_of(rule.after("--dport"));
        if (!address || !protocol || !port) return;
        add(rules_.frontends[Frontend{*address, *protocol, *port}], rule);
    }

    void read_node_port_address(const IptablesRule& rule) {
        // "! -d ::1/128" is everywhere else.
        const auto address = rule.has("-d") && !rule.negates("-d") ? host_of(rule.after("-d")) : std::nullopt;
        if (address)
            rules_.node_port_addresses.insert(*address);
        else
            rules_.node_ports_everywhere = true;
    }

    void read_node_port(const IptablesRule& rule) {
        const auto protocol = protocol_of(rule.after("-p"));
        const auto port = port_of(rule.after("--dport"));
        if (protocol && port) add(rules_.node_ports[NodePort{*protocol, *port}], rule);
    }

    void add(Target& target, const IptablesRule& rule) {
        target.service = service_of(rule);
        collect(std::string(rule.target()), target.backends, 0);
    }

    /// The endpoints that a chain leads to. Chains of kube-proxy's lead at most from EXT to SVC to SEP.
    void collect(const std::string& chain, std::set<Backend>& backends, int depth) const {
        constexpr int kDeepest = 4;
        const auto found = by_chain_.find(chain);
        if (found == by_chain_.end() || depth > kDeepest) return;
        for (const auto* rule : found->second) {
            if (const auto backend = backend_of(rule->after("--to-destination"))) backends.insert(*backend);
            if (rule->target().starts_with("KUBE-S") || rule->target().starts_with("KUBE-EXT-"))
                collect(std::string(rule->target()), backends, depth + 1);
        }
    }

    /// Of a ClusterIP: "! -s 10.64.0.0/11", "! -i cni0", "! -i veth+", or nothing of it for everybody.
    void read_masquerade(const IptablesRule& rule) {
        if (!rule.has("!")) rules_.masquerades_all = true;
        if (rule.negates("-s")) rules_.pods.emplace(rule.after("-s"));
        if (!rule.negates("-i")) return;
        std::string interface{rule.after("-i")};
        if (interface.ends_with('+')) interface.back() = '*';
        rules_.pods.insert(std::move(interface));
    }

    KubeProxyRules rules_;
    bool found_ = false;
    std::map<std::string, std::vector<const IptablesRule*>> by_chain_;
};

}  // namespace

std::optional<KubeProxyRules> rules_of(const std::vector<IptablesTable>& tables, Family family,
                                       RulesKind kind) {
    return Reader{tables, family, kind}.result();
}

}  // namespace fairlead::migrate
