// Plugins forward and cache.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "dns/config_words.h"
#include "dns/corefile_reader.h"
#include "dns/resolv_conf.h"
#include "dns/reverse_zone.h"

namespace fairlead::dns {

namespace {

constexpr std::size_t kMostUpstreams = 15;

std::optional<std::uint32_t> number_in(const std::vector<std::string>& words, std::size_t index) {
    if (index >= words.size()) return std::nullopt;
    const std::string& text = words[index];
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

/// Done in our own way, whatever their values.
constexpr std::array<std::string_view, 11> kOwnWayOptions{
    "prefer_udp",   "expire",   "max_age", "max_idle_conns",       "max_fails",
    "health_check", "failover", "next",    "max_connect_attempts", "failfast_all_unhealthy_upstreams",
    "doh_method"};

}  // namespace

void CorefileReader::read_forward(const Directive& plugin, CorefileBlock& block) {
    if (plugin.arguments.size() < 2) return unsupported(plugin, "wants a zone and upstreams");
    ForwardZone forward;
    forward.policy = UpstreamPolicy::kRandom;
    for (std::size_t i = 1; i < plugin.arguments.size(); ++i)
        read_upstream(plugin.arguments[i], plugin.line, forward);
    std::string tls_name;
    for (const Directive& option : plugin.block)
        read_forward_option(option, forward, tls_name);
    for (UpstreamServer& server : forward.upstreams)
        if (server.transport == UpstreamTransport::kTls && server.tls_server_name.empty())
            server.tls_server_name = tls_name;
    if (forward.upstreams.size() > kMostUpstreams) {
        unsupported(plugin, fmt::format("more than {} upstreams", kMostUpstreams));
        forward.upstreams.resize(kMostUpstreams);
    }
    const auto from = zones_of({plugin.arguments[0]}, plugin.line);
    if (from.empty()) return;
    for (const Name& zone : block.zones) {
        if (!zone.is_within(from[0]) && !from[0].is_within(zone)) continue;
        forward.zone = zone.is_within(from[0]) ? zone : from[0];
        block.forward.push_back(forward);
    }
}

void CorefileReader::read_upstream(const std::string& text, unsigned line, ForwardZone& zone) {
    if (placeholder(text, line)) return;
    if (!text.starts_with('/')) {
        auto server = UpstreamServer::parse(text);
        if (!server)
            return remark(Kind::kUnsupported, line, fmt::format("forward: {}", server.error().message));
        zone.upstreams.push_back(*std::move(server));
        return;
    }
    const auto contents = sources_.read_file(text);
    if (!contents)
        return remark(Kind::kUnsupported, line, fmt::format("forward: {}", contents.error().message));
    const ResolvConf conf = parse_resolv_conf(*contents);
    for (const LineProblem& problem : conf.problems)
        remark(Kind::kOwnWay, line, fmt::format("forward: {}:{}: {}", text, problem.line, problem.message));
    zone.upstreams.insert(zone.upstreams.end(), conf.nameservers.begin(), conf.nameservers.end());
}

void CorefileReader::read_forward_option(const Directive& option, ForwardZone& zone, std::string& tls_name) {
    const std::string first = option.arguments.empty() ? "" : option.arguments[0];
    if (option.name == "except") {
        const auto names = zones_of(option.arguments, option.line);
        zone.except.insert(zone.except.end(), names.begin(), names.end());
    } else if (option.name == "force_tcp") {
        for (UpstreamServer& server : zone.upstreams)
            if (server.transport == UpstreamTransport::kUdp) server.transport = UpstreamTransport::kTcp;
    } else if (option.name == "policy") {
        if (first == "sequential")
            zone.policy = UpstreamPolicy::kSequential;
        else if (first == "round_robin")
            zone.policy = UpstreamPolicy::kRoundRobin;
        else if (first != "random")
            unsupported(option, fmt::format("no policy '{}'", first));
    } else if (option.name == "max_concurrent") {
        const auto most = number_in(option.arguments, 0);
        if (!most) return unsupported(option, "wants a number");
        if (*most > 0) config_.dns.limits.most_lookups = *most;
    } else if (option.name == "tls_servername") {
        tls_name = first;
    } else if (option.name == "tls" && option.arguments.empty()) {
        return;  // the system's authorities, which is what we take
    } else if (std::ranges::find(kOwnWayOptions, option.name) != kOwnWayOptions.end()) {
        own_way(option, "forwarding sees to that in its own way");
    } else {
        unsupported(option, "not understood");
    }
}

/// "cache [TTL] [ZONES...] { ... }".
void CorefileReader::read_cache(const Directive& plugin, CorefileBlock& block) {
    TtlBounds ttl;
    const auto most = number_in(plugin.arguments, 0);
    if (most) ttl.most_positive = ttl.most_negative = std::chrono::seconds(*most);
    if (plugin.arguments.size() > (most ? 1 : 0))
        unsupported(plugin, "is for all zones of the block, not for some");
    for (const Directive& option : plugin.block)
        read_cache_option(option, ttl);
    ttl.least = std::min({ttl.least, ttl.most_positive, ttl.most_negative});
    block.ttl = ttl;
}

void CorefileReader::read_cache_option(const Directive& option, TtlBounds& ttl) {
    const std::string first = option.arguments.empty() ? "" : option.arguments[0];
    if (option.name == "success" || option.name == "denial") {
        // CAPACITY [TTL] [MINTTL]; the capacity is in entries there and in bytes here.
        if (!number_in(option.arguments, 0)) return unsupported(option, "wants numbers");
        auto& most = option.name == "success" ? ttl.most_positive : ttl.most_negative;
        if (const auto seconds = number_in(option.arguments, 1)) most = std::chrono::seconds(*seconds);
        if (const auto seconds = number_in(option.arguments, 2)) ttl.least = std::chrono::seconds(*seconds);
    } else if (option.name == "servfail") {
        const auto time = parse_duration(first);
        constexpr auto kMost = std::chrono::minutes(5);
        if (!time || *time > kMost) return unsupported(option, "wants a time of at most 5m");
        ttl.failure = std::chrono::duration_cast<std::chrono::seconds>(*time);
    } else if (option.name == "prefetch") {
        read_prefetch(option);
    } else if (option.name == "serve_stale") {
        const auto time = parse_duration(first);
        if (!first.empty() && !time) return unsupported(option, "wants a time");
        config_.dns.cache.stale_for =
            std::chrono::duration_cast<std::chrono::seconds>(time.value_or(std::chrono::hours(1)));
    } else {
        unsupported(option, "not understood");
    }
}

/// "prefetch AMOUNT [DURATION] [PERCENTAGE%]".
void CorefileReader::read_prefetch(const Directive& option) {
    const auto hits = number_in(option.arguments, 0);
    if (!hits) return unsupported(option, "wants a number of questions");
    config_.dns.cache.prefetch_hits = *hits;
    const std::string& last = option.arguments.back();
    if (!last.ends_with('%')) return;
    const auto percent = number_in({last.substr(0, last.find('%'))}, 0);
    constexpr unsigned kMostPercent = 90;
    if (percent && *percent <= kMostPercent)
        config_.dns.cache.prefetch_percent = *percent;
    else
        unsupported(option, "wants a percentage up to 90%");
}

}  // namespace fairlead::dns
