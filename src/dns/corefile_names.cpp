// Plugins hosts, rewrite and kubernetes.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "dns/config_words.h"
#include "dns/corefile_reader.h"
#include "dns/hosts_file.h"

namespace fairlead::dns {

/// "hosts [FILE [ZONES...]] { ADDRESS NAME...; options }". With no file named and no line inline it is
/// /etc/hosts.
void CorefileReader::read_hosts(const Directive& plugin) {
    bool any_inline = false;
    for (const Directive& line : plugin.block) {
        if (line.name == "fallthrough") {
            if (!line.arguments.empty())
                own_way(line, "names that are not there are always looked for elsewhere");
        } else if (line.name == "ttl" || line.name == "no_reverse" || line.name == "reload") {
            own_way(line, "has no effect");
        } else {
            read_host(line);
            any_inline = true;
        }
    }
    if (plugin.arguments.empty() && any_inline) return;
    const std::string path = plugin.arguments.empty() ? "/etc/hosts" : plugin.arguments[0];
    if (plugin.arguments.size() > 1) own_way(plugin, "is for all zones");
    const auto contents = sources_.read_file(path);
    if (!contents) return unsupported(plugin, contents.error().message);
    HostsFile file = parse_hosts_file(*contents);
    for (const LineProblem& problem : file.problems)
        unsupported(plugin, fmt::format("{}:{}: {}", path, problem.line, problem.message));
    std::ranges::move(file.entries, std::back_inserter(config_.dns.hosts));
}

/// A line of the plugin hosts: "ADDRESS NAME...".
void CorefileReader::read_host(const Directive& line) {
    std::string text = line.name;
    for (const std::string& word : line.arguments)
        text += " " + word;
    auto entry = parse_hosts_line(text);
    if (!entry || !*entry)
        remark(Kind::kUnsupported, line.line,
               fmt::format("hosts: {}", entry ? "an empty line" : entry.error().message));
    else
        config_.dns.hosts.push_back(**std::move(entry));
}

/// "rewrite [stop|continue] name [exact] FROM TO [answer auto | answer [name] TO FROM]".
void CorefileReader::read_rewrite(const Directive& plugin) {
    std::vector<std::string> words = plugin.arguments;
    for (const Directive& option : plugin.block) {
        words.push_back(option.name);
        words.insert(words.end(), option.arguments.begin(), option.arguments.end());
    }
    const auto take_if = [&](std::string_view word) {
        const bool there = !words.empty() && words[0] == word;
        if (there) words.erase(words.begin());
        return there;
    };
    if (!take_if("stop")) take_if("continue");
    if (!take_if("name")) return unsupported(plugin, "only names are rewritten");
    take_if("exact");
    constexpr std::size_t kPlain = 2;
    const bool kind_given = !words.empty() && (words[0] == "prefix" || words[0] == "suffix" ||
                                               words[0] == "substring" || words[0] == "regex");
    if (words.size() < kPlain || kind_given) return unsupported(plugin, "only exact names are rewritten");
    const auto names = zones_of({words[0], words[1]}, plugin.line);
    if (names.size() < kPlain) return;
    words.erase(words.begin(), words.begin() + kPlain);
    if (!words.empty()) {
        const bool answer = take_if("answer");
        const bool automatic = take_if("auto") && words.empty();
        take_if("name");
        const bool back =
            words.size() == kPlain && zones_of(words, plugin.line) == std::vector{names[1], names[0]};
        if (!answer || (!automatic && !back))
            return unsupported(plugin, "in the answer only the name that was asked for is put back");
    }
    config_.dns.rewrites.push_back({names[0], names[1], true});
}

void CorefileReader::read_kubernetes(const Directive& plugin, CorefileBlock& block) {
    if (config_.kubernetes) return unsupported(plugin, "a second one");
    CorefileKubernetes kubernetes;
    kubernetes.zones = zones_or(plugin.arguments, 0, plugin.line, block.zones);
    for (const Directive& option : plugin.block)
        read_kubernetes_option(option, kubernetes);
    config_.kubernetes = std::move(kubernetes);
}

void CorefileReader::read_kubernetes_option(const Directive& option, CorefileKubernetes& kubernetes) {
    const std::string first = option.arguments.empty() ? "" : option.arguments[0];
    if (option.name == "pods") {
        if (const auto pods = parse_pod_names(first))
            kubernetes.pods = *pods;
        else
            unsupported(option, fmt::format("no mode '{}'", first));
    } else if (option.name == "ttl") {
        constexpr unsigned kMostTtl = 3600;
        unsigned ttl = 0;
        const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), ttl);
        if (error != std::errc{} || end != first.data() + first.size() || ttl > kMostTtl)
            return unsupported(option, "wants 0 to 3600 seconds");
        kubernetes.ttl = std::chrono::seconds(ttl);
    } else if (option.name == "fallthrough") {
        kubernetes.fallthrough = zones_or(option.arguments, 0, option.line, kubernetes.zones);
    } else if (option.name == "endpoint_pod_names") {
        kubernetes.endpoint_pod_names = true;
    } else if (option.name == "endpoint" || option.name == "tls" || option.name == "kubeconfig" ||
               option.name == "startup_timeout" || option.name.starts_with("apiserver_")) {
        own_way(option, "the agent's own connection to the API server is used");
    } else {
        unsupported(option, "not understood");
    }
}

}  // namespace fairlead::dns
