#include "dns/search_list.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <charconv>

namespace fairlead::dns {

namespace {

constexpr std::size_t kMaxNameservers = 3;
constexpr std::size_t kMaxSearches = 32;
constexpr std::size_t kMaxSearchCharacters = 2048;
constexpr std::size_t kMaxSearchSize = 253;
constexpr unsigned kMaxNdots = 15;
constexpr std::string_view kFieldBlanks = " \t\r\v\f";

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (;;) {
        const auto begin = line.find_first_not_of(kFieldBlanks);
        if (begin == std::string_view::npos) return words;
        const auto end = std::min(line.find_first_of(kFieldBlanks, begin), line.size());
        words.push_back(line.substr(begin, end - begin));
        line.remove_prefix(end);
    }
}

kube::PodDnsOption parse_option(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    return {std::string(text.substr(0, colon)), std::string(text.substr(std::min(colon + 1, text.size())))};
}

void set_option(std::vector<kube::PodDnsOption>& options, kube::PodDnsOption option) {
    const auto known = std::ranges::find(options, option.name, &kube::PodDnsOption::name);
    if (known == options.end())
        options.push_back(std::move(option));
    else
        known->value = std::move(option.value);
}

void append_new(std::vector<std::string>& values, const std::vector<std::string>& more) {
    values.insert(values.end(), more.begin(), more.end());
    absl::flat_hash_set<std::string> seen;
    std::erase_if(values, [&](const std::string& value) { return !seen.insert(value).second; });
}

std::size_t characters_of(const std::vector<std::string>& searches) {
    std::size_t characters = searches.empty() ? 0 : searches.size() - 1;
    for (const auto& search : searches)
        characters += search.size();
    return characters;
}

void keep_to_limits(ResolverSettings& settings) {
    if (settings.nameservers.size() > kMaxNameservers) settings.nameservers.resize(kMaxNameservers);
    auto& searches = settings.searches;
    if (searches.size() > kMaxSearches) searches.resize(kMaxSearches);
    std::erase_if(searches, [](const std::string& search) { return search.size() > kMaxSearchSize; });
    while (characters_of(searches) > kMaxSearchCharacters)
        searches.pop_back();
}

ResolverSettings cluster_first(const kube::Pod& pod, const KubeletDns& kubelet) {
    ResolverSettings settings{kubelet.cluster_dns, {}, {{"ndots", "5"}}};
    if (kubelet.cluster_domain.empty()) {
        settings.searches = kubelet.node.searches;
        return settings;
    }
    const auto services = "svc." + kubelet.cluster_domain;
    settings.searches = {pod.key.namespace_name + "." + services, services, kubelet.cluster_domain};
    append_new(settings.searches, kubelet.node.searches);
    return settings;
}

bool is_cluster_first(const kube::Pod& pod) {
    return pod.dns_policy == kube::DnsPolicy::kClusterFirstWithHostNet ||
           (pod.dns_policy == kube::DnsPolicy::kClusterFirst && !pod.host_network);
}

ResolverSettings without_pod_config(const kube::Pod& pod, const KubeletDns& kubelet) {
    if (pod.dns_policy == kube::DnsPolicy::kNone) return {};
    if (is_cluster_first(pod) && !kubelet.cluster_dns.empty()) return cluster_first(pod, kubelet);
    return kubelet.node;
}

}  // namespace

ResolverSettings read_as_kubelet(std::string_view resolv_conf) {
    ResolverSettings settings;
    while (!resolv_conf.empty()) {
        const auto end = std::min(resolv_conf.find('\n'), resolv_conf.size());
        const auto words = fields_of(resolv_conf.substr(0, end));
        resolv_conf.remove_prefix(std::min(end + 1, resolv_conf.size()));
        if (words.empty() || words[0].starts_with('#')) continue;
        if (words[0] == "nameserver" && words.size() > 1) settings.nameservers.emplace_back(words[1]);
        if (words[0] == "search") settings.searches.clear();
        for (std::size_t i = 1; i < words.size(); ++i) {
            if (words[0] == "search" && words[i] != ".")
                settings.searches.emplace_back(
                    words[i].substr(0, words[i].size() - (words[i].ends_with('.') ? 1 : 0)));
            if (words[0] == "options") set_option(settings.options, parse_option(words[i]));
        }
    }
    return settings;
}

std::optional<ResolverSettings> resolver_settings_of(const kube::Pod& pod, const KubeletDns& kubelet) {
    if (pod.dns_policy == kube::DnsPolicy::kOther) return std::nullopt;
    auto settings = without_pod_config(pod, kubelet);
    append_new(settings.nameservers, pod.dns_config->nameservers);
    append_new(settings.searches, pod.dns_config->searches);
    for (const auto& option : pod.dns_config->options)
        set_option(settings.options, option);
    keep_to_limits(settings);
    return settings;
}

std::optional<unsigned> ndots_of(const ResolverSettings& settings) {
    const auto option = std::ranges::find(settings.options, "ndots", &kube::PodDnsOption::name);
    if (option == settings.options.end()) return 1;
    unsigned ndots = 0;
    const auto* const end = option->value.data() + option->value.size();
    const auto [stop, error] = std::from_chars(option->value.data(), end, ndots);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return std::min(ndots, kMaxNdots);
}

}  // namespace fairlead::dns
