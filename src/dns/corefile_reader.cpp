#include "dns/corefile_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "dns/config_words.h"
#include "dns/reverse_zone.h"

namespace fairlead::dns {

namespace {

constexpr std::string_view kPlaceholderPrefix = "__PILLAR__";

/// What belongs in the place of each (kubernetes/dns, NodeLocal DNSCache).
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPlaceholders{{
    {"__PILLAR__LOCAL__DNS__", "the address that NodeLocal DNSCache listens on"},
    {"__PILLAR__DNS__SERVER__", "the address of Service kube-dns"},
    {"__PILLAR__DNS__DOMAIN__", "the cluster's domain"},
    {"__PILLAR__CLUSTER__DNS__", "the address of Service kube-dns-upstream"},
    {"__PILLAR__UPSTREAM__SERVERS__", "the upstream servers, or /etc/resolv.conf"},
}};

}  // namespace

void CorefileReader::remark(Kind kind, unsigned line, std::string_view what) {
    config_.remarks.push_back({kind, line, fmt::format("{}:{}: {}", file_, line, what)});
}

void CorefileReader::unsupported(const Directive& directive, std::string_view why) {
    remark(Kind::kUnsupported, directive.line, fmt::format("{}: {}", directive.name, why));
}

void CorefileReader::own_way(const Directive& directive, std::string_view why) {
    remark(Kind::kOwnWay, directive.line, fmt::format("{}: {}", directive.name, why));
}

bool CorefileReader::placeholder(std::string_view word, unsigned line) {
    const auto begin = word.find(kPlaceholderPrefix);
    if (begin == std::string_view::npos) return false;
    const auto known = std::ranges::find_if(
        kPlaceholders, [&](const auto& entry) { return word.substr(begin).starts_with(entry.first); });
    const std::string_view meaning =
        known == kPlaceholders.end() ? "a value that the deployment puts in" : known->second;
    remark(Kind::kUnsupported, line,
           fmt::format("'{}' is a placeholder of the NodeLocal DNSCache template for {}", word, meaning));
    return true;
}

std::vector<Name> CorefileReader::zones_of(const std::vector<std::string>& words, unsigned line) {
    std::vector<Name> zones;
    for (const std::string& word : words) {
        if (placeholder(word, line)) continue;
        const auto zone = parse_zone(word);
        if (!zone)
            remark(Kind::kUnsupported, line, zone.error().message);
        else
            zones.push_back(*zone);
    }
    return zones;
}

std::vector<Name> CorefileReader::zones_or(const std::vector<std::string>& words, std::size_t from,
                                           unsigned line, const std::vector<Name>& otherwise) {
    if (words.size() <= from) return otherwise;
    return zones_of({words.begin() + static_cast<std::ptrdiff_t>(from), words.end()}, line);
}

void CorefileReader::read_server(const CorefileServer& server) {
    CorefileBlock block;
    for (const std::string& key : server.keys)
        read_key(key, server.line, block);
    if (block.zones.empty()) return;  // of a port or a protocol that is not served; that has been noted
    for (const Directive& plugin : server.plugins)
        read_plugin(plugin, block);
    end_block(block);
}

/// "example.com:53", "dns://.:53", "10.0.0.0/8".
void CorefileReader::read_key(std::string_view key, unsigned line, CorefileBlock& block) {
    std::string_view rest = key;
    if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
        if (rest.substr(0, scheme) != "dns")
            return remark(Kind::kUnsupported, line, fmt::format("'{}': serves plain DNS only", key));
        rest.remove_prefix(scheme + 3);
    }
    std::uint16_t port = kDnsPort;
    // An IPv6 network has colons of its own, in front of its length.
    const auto slash = rest.find('/');
    const auto colon = slash == std::string_view::npos ? rest.rfind(':') : rest.find(':', slash);
    if (colon != std::string_view::npos) {
        const std::string_view text = rest.substr(colon + 1);
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
        if (error != std::errc{} || end != text.data() + text.size() || port == 0)
            return remark(Kind::kUnsupported, line, fmt::format("'{}': the port is 1 to 65535", key));
        rest = rest.substr(0, colon);
    }
    if (rest.empty()) rest = ".";
    if (has_port_ && port != config_.port)
        return remark(Kind::kUnsupported, line,
                      fmt::format("'{}': serves one port, {}; this block is left out", key, config_.port));
    const auto zones = zones_of({std::string{rest}}, line);
    if (zones.empty()) return;
    config_.port = port;
    has_port_ = true;
    block.zones.push_back(zones[0]);
}

void CorefileReader::read_plugin(const Directive& plugin, CorefileBlock& block) {
    if (plugin.name == "forward" || plugin.name == "proxy")
        read_forward(plugin, block);
    else if (plugin.name == "cache")
        read_cache(plugin, block);
    else if (plugin.name == "hosts")
        read_hosts(plugin);
    else if (plugin.name == "rewrite")
        read_rewrite(plugin);
    else if (plugin.name == "kubernetes")
        read_kubernetes(plugin, block);
    else
        read_small_plugin(plugin);
}

void CorefileReader::read_small_plugin(const Directive& plugin) {
    const std::string first = plugin.arguments.empty() ? "" : plugin.arguments[0];
    if (plugin.name == "bind") {
        read_bind(plugin);
    } else if (plugin.name == "errors") {
        config_.log_errors = true;
        if (!plugin.block.empty()) own_way(plugin, "consolidation is not taken");
    } else if (plugin.name == "log") {
        config_.log_queries = true;
        if (!plugin.arguments.empty() || !plugin.block.empty())
            own_way(plugin, "formats and classes are not taken");
    } else if (plugin.name == "health") {
        read_health(plugin);
    } else if (plugin.name == "ready") {
        config_.ready = first.empty() ? ":8181" : first;
    } else if (plugin.name == "prometheus") {
        config_.prometheus = first.empty() ? "localhost:9153" : first;
    } else if (plugin.name == "loop") {
        own_way(plugin,
                "upstreams are always watched for loops; one that loops is not asked, and the server stays");
    } else if (plugin.name == "reload") {
        own_way(plugin, "when it is read again is up to the agent");
    } else if (plugin.name == "loadbalance") {
        config_.rotate_addresses = true;
        if (!first.empty() && first != "round_robin")
            unsupported(plugin, fmt::format("no policy '{}'", first));
    } else if (plugin.name == "bufsize") {
        read_bufsize(plugin);
    } else {
        unsupported(plugin, "no such plugin here");
    }
}

void CorefileReader::read_bind(const Directive& plugin) {
    for (const std::string& word : plugin.arguments)
        if (!placeholder(word, plugin.line)) config_.bind.push_back(word);
    for (const Directive& option : plugin.block)
        unsupported(option, "not known of bind");
}

void CorefileReader::read_health(const Directive& plugin) {
    config_.health = plugin.arguments.empty() ? ":8080" : plugin.arguments[0];
    for (const Directive& option : plugin.block) {
        const auto time = option.arguments.empty() ? std::nullopt : parse_duration(option.arguments[0]);
        if (option.name == "lameduck" && time)
            config_.lameduck = *time;
        else
            unsupported(option, "not understood");
    }
}

void CorefileReader::read_bufsize(const Directive& plugin) {
    constexpr std::uint16_t kLeast = 512;
    constexpr std::uint16_t kMost = 4096;
    std::uint16_t size = kDefaultUdpPayload;
    if (!plugin.arguments.empty()) {
        const std::string& text = plugin.arguments[0];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
        if (error != std::errc{} || end != text.data() + text.size() || size < kLeast || size > kMost)
            return unsupported(plugin, "wants 512 to 4096 bytes");
    }
    config_.udp_payload = size;
}

/// A block without a forward refuses what it does not know, and does not hand it to the block of a shorter
/// zone.
void CorefileReader::end_block(CorefileBlock& block) {
    for (const Name& zone : block.zones) {
        const bool has_one = std::ranges::any_of(block.forward, [&](const ForwardZone& forward) {
            return forward.zone == zone || zone.is_within(forward.zone);
        });
        if (!has_one) block.forward.push_back({zone, {}, {}, UpstreamPolicy::kRandom, {}});
    }
    for (ForwardZone& forward : block.forward) {
        if (block.ttl) forward.ttl = *block.ttl;
        const bool taken = std::ranges::any_of(
            config_.dns.forward, [&](const ForwardZone& other) { return other.zone == forward.zone; });
        if (!taken) config_.dns.forward.push_back(std::move(forward));
    }
}

CorefileConfig CorefileReader::take() {
    return std::move(config_);
}

base::Result<CorefileConfig> read_corefile(std::string_view file, std::string_view text,
                                           const CorefileSources& sources) {
    FAIRLEAD_TRY(const auto servers, parse_corefile(file, text, sources.environment));
    CorefileReader reader{file, sources};
    for (const CorefileServer& server : servers)
        reader.read_server(server);
    return reader.take();
}

}  // namespace fairlead::dns
