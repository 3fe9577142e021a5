#include "dns/resolv_conf.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "dns/config_words.h"

namespace fairlead::dns {

namespace {

constexpr unsigned kMostNdots = 15;
constexpr unsigned kMostTimeoutS = 30;
constexpr unsigned kMostAttempts = 5;

constexpr std::array<std::pair<std::string_view, bool ResolvConf::*>, 9> kFlags{{
    {"rotate", &ResolvConf::rotate},
    {"trust-ad", &ResolvConf::trust_ad},
    {"use-vc", &ResolvConf::use_vc},
    {"usevc", &ResolvConf::use_vc},
    {"single-request", &ResolvConf::single_request},
    {"single-request-reopen", &ResolvConf::single_request_reopen},
    {"edns0", &ResolvConf::edns0},
    {"no-aaaa", &ResolvConf::no_aaaa},
    {"no_aaaa", &ResolvConf::no_aaaa},
}};

class ResolvConfParser {
  public:
    void line(std::string_view text) {
        ++number_;
        const auto words = words_of(text);
        if (words.empty()) return;
        const std::vector<std::string_view> values(words.begin() + 1, words.end());
        if (values.empty() && words[0] != "search" && words[0] != "options")
            problem(fmt::format("'{}' has no value", words[0]));
        else if (words[0] == "nameserver")
            nameserver(values);
        else if (words[0] == "search")
            search(values);
        else if (words[0] == "domain")
            search({values[0]});
        else if (words[0] == "options")
            std::ranges::for_each(values, [&](std::string_view value) { option(value); });
        else if (words[0] != "sortlist")  // orders answers by the client's network; that is up to the client
            problem(fmt::format("unknown word '{}'", words[0]));
    }

    ResolvConf take() { return std::move(conf_); }

  private:
    void problem(std::string message) { conf_.problems.push_back({number_, std::move(message)}); }

    void nameserver(const std::vector<std::string_view>& values) {
        if (values.size() > 1) problem(fmt::format("'{}' after the nameserver's address", values[1]));
        const bool plain = values[0].find_first_of("[]/") == std::string_view::npos;
        const auto server = UpstreamServer::parse(values[0]);
        if (!plain || !server || server->address.port != kDnsPort || has_port(values[0]))
            return problem(fmt::format("nameserver '{}' is not an address", values[0]));
        if (conf_.nameservers.size() == kMostNameservers)
            return problem(fmt::format("more than {} nameservers", kMostNameservers));
        conf_.nameservers.push_back(*server);
    }

    static bool has_port(std::string_view text) { return std::ranges::count(text, ':') == 1; }

    void search(const std::vector<std::string_view>& values) {
        conf_.search.clear();
        for (const std::string_view value : values) {
            const auto name = Name::parse(value);
            if (!name)
                problem(fmt::format("search domain '{}': {}", value, name.error().message));
            else if (conf_.search.size() == kMostSearchDomains)
                problem(fmt::format("more than {} search domains", kMostSearchDomains));
            else
                conf_.search.push_back(*name);
        }
    }

    void option(std::string_view text) {
        const auto flag =
            std::ranges::find(kFlags, text, &std::pair<std::string_view, bool ResolvConf::*>::first);
        if (flag != kFlags.end()) {
            conf_.*flag->second = true;
            return;
        }
        const auto colon = text.find(':');
        const std::string_view name = text.substr(0, colon);
        const std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
        if (name == "ndots")
            conf_.ndots = number(text, value, kMostNdots).value_or(conf_.ndots);
        else if (name == "timeout")
            conf_.timeout =
                std::chrono::seconds(number(text, value, kMostTimeoutS).value_or(conf_.timeout.count()));
        else if (name == "attempts")
            conf_.attempts = number(text, value, kMostAttempts).value_or(conf_.attempts);
        else
            conf_.other_options.emplace_back(text);
    }

    std::optional<unsigned> number(std::string_view option, std::string_view value, unsigned most) {
        unsigned found = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), found);
        if (error == std::errc::result_out_of_range) return most;
        if (error == std::errc{} && end == value.data() + value.size()) return std::min(found, most);
        problem(fmt::format("option '{}' wants a number", option));
        return std::nullopt;
    }

    ResolvConf conf_;
    unsigned number_ = 0;
};

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
    ResolvConfParser parser;
    for_each_line(text, [&](std::string_view line) { parser.line(line); });
    return parser.take();
}

ForwardZone forward_zone(const ResolvConf& conf) {
    ForwardZone zone;
    zone.upstreams = conf.nameservers;
    if (conf.use_vc)
        for (UpstreamServer& server : zone.upstreams)
            server.transport = UpstreamTransport::kTcp;
    if (conf.rotate) zone.policy = UpstreamPolicy::kRoundRobin;
    return zone;
}

}  // namespace fairlead::dns
