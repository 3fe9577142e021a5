#include "lab/inspect.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/json.h"
#include "kernel/netns/spawn.h"
#include "lab/http_probe.h"
#include "lab/layout.h"
#include "lab/state.h"
#include "lab/terminal.h"
#include "net/files.h"

namespace fairlead::lab {

namespace {

using base::ErrorCode;
using base::Result;
using Objects = kube::ManifestFiles::Objects;

std::string agent_state(std::string_view lab, const std::string& node) {
    constexpr unsigned kOk = 200;
    const auto answer = probe_http_in(machine_namespace(lab, node), kAgentHealthPort, "/readyz");
    if (!answer) return "down";
    return answer->status == kOk ? "ready" : "not ready";
}

std::string addresses_of(const std::vector<base::IpAddress>& addresses) {
    std::string text;
    for (const auto& address : addresses)
        text += (text.empty() ? "" : ",") + address.to_string();
    return text.empty() ? "<none>" : text;
}

std::string ports_of(const kube::Service& service) {
    std::string text;
    for (const auto& port : service.ports)
        text += fmt::format("{}{}/{}", text.empty() ? "" : ",", port.port, base::name_of(port.protocol));
    return text;
}

std::string pod_state(const kube::Pod& pod) {
    if (pod.pod_ips.empty()) return pod.finished ? "finished" : "pending";
    return pod.ready ? "ready" : "not ready";
}

bool is_up(std::string_view lab) {
    return claim_holder(lab) && access(StatePaths{lab}.up.c_str(), F_OK) == 0;
}

std::string lab_state(std::string_view lab) {
    const auto holder = claim_holder(lab);
    if (!holder) return "left behind; 'fairlead lab down' removes it";
    return fmt::format("{} (process {})", is_up(lab) ? "up" : "starting", *holder);
}

std::string source_of(std::string_view lab) {
    auto source = net::read_file(StatePaths{lab}.source).value_or("");
    if (source.ends_with('\n')) source.pop_back();
    return source;
}

/// The network namespace that a Pod is in; hostNetwork Pods are in their node's.
std::string netns_of(std::string_view lab, const kube::Pod& pod) {
    return pod.host_network ? machine_namespace(lab, pod.node_name) : pod_namespace(lab, pod.key);
}

std::string words(std::string_view lab, const Objects& objects, bool wide) {
    using Rows = std::vector<std::vector<std::string>>;
    std::string text = fmt::format("lab {}: {}\nmanifests: {}\n\n", lab, lab_state(lab), source_of(lab));
    const auto add = [wide](Rows& rows, std::vector<std::string> cells, std::string netns) {
        if (wide) cells.push_back(std::move(netns));
        rows.push_back(std::move(cells));
    };
    Rows nodes;
    add(nodes, {"NODE", "AGENT", "ADDRESSES", "PODS"}, "NETNS");
    for (const auto& node : objects.nodes)
        add(nodes,
            {node.key.name, agent_state(lab, node.key.name), addresses_of(node.addresses),
             std::to_string(std::ranges::count(objects.pods, node.key.name, &kube::Pod::node_name))},
            machine_namespace(lab, node.key.name));
    Rows pods;
    add(pods, {"POD", "NODE", "STATE", "ADDRESSES"}, "NETNS");
    for (const auto& pod : objects.pods)
        add(pods, {pod.key.to_string(), pod.node_name, pod_state(pod), addresses_of(pod.pod_ips)},
            netns_of(lab, pod));
    std::vector<std::vector<std::string>> services = {{"SERVICE", "CLUSTER-IP", "PORTS"}};
    for (const auto& service : objects.services)
        services.push_back({service.key.to_string(), addresses_of(service.cluster_ips), ports_of(service)});
    return text + render_table(nodes) + "\n" + render_table(pods) + "\n" + render_table(services);
}

std::string json_of(std::string_view lab, const Objects& objects) {
    using base::json_quote;
    const auto list = [](const auto& all, auto to_json) {
        std::string text = "[";
        for (const auto& one : all)
            text += (text.size() > 1 ? "," : "") + to_json(one);
        return text + "]";
    };
    const auto addresses = [&](const std::vector<base::IpAddress>& all) {
        return list(all, [](const base::IpAddress& address) { return json_quote(address.to_string()); });
    };
    const auto nodes = list(objects.nodes, [&](const kube::Node& node) {
        return fmt::format(R"({{"name":{},"agent":{},"netns":{},"addresses":{}}})", json_quote(node.key.name),
                           json_quote(agent_state(lab, node.key.name)),
                           json_quote(machine_namespace(lab, node.key.name)), addresses(node.addresses));
    });
    const auto pods = list(objects.pods, [&](const kube::Pod& pod) {
        return fmt::format(R"({{"pod":{},"node":{},"state":{},"netns":{},"addresses":{}}})",
                           json_quote(pod.key.to_string()), json_quote(pod.node_name),
                           json_quote(pod_state(pod)), json_quote(netns_of(lab, pod)),
                           addresses(pod.pod_ips));
    });
    const auto services = list(objects.services, [&](const kube::Service& service) {
        return fmt::format(R"({{"service":{},"clusterIPs":{}}})", json_quote(service.key.to_string()),
                           addresses(service.cluster_ips));
    });
    return fmt::format(R"({{"lab":{},"up":{},"manifests":{},"nodes":{},"pods":{},"services":{}}})"
                       "\n",
                       json_quote(lab), is_up(lab), json_quote(source_of(lab)), nodes, pods, services);
}

}  // namespace

Result<Objects> read_objects(std::string_view lab) {
    constexpr std::size_t kLargestBytes = std::size_t{256} << 20U;
    const auto text = net::read_file(StatePaths{lab}.manifests + "/lab.json", kLargestBytes);
    if (!text && text.error().code == ErrorCode::kNotFound)
        return base::fail(ErrorCode::kNotFound,
                          fmt::format("lab {} is not up; 'fairlead lab up' makes one", lab));
    if (!text) return std::unexpected(text.error());
    kube::ManifestFiles files;
    files.put("lab.json", *text);
    return files.objects();
}

Result<Place> find_place(std::string_view lab, const Objects& objects, std::string_view name) {
    const StatePaths paths{lab};
    const auto machine = [&] { return Place{machine_namespace(lab, name), paths.hosts + "/default"}; };
    if (name == "client") return machine();
    for (const auto& node : objects.nodes)
        if (node.key.name == name) return machine();
    std::vector<const kube::Pod*> found;
    for (const auto& pod : objects.pods)
        if (!pod.pod_ips.empty() && (pod.key.name == name || pod.key.to_string() == name))
            found.push_back(&pod);
    if (found.size() > 1)
        return base::fail(ErrorCode::kInvalid,
                          fmt::format("'{}' is {} and {}: name its namespace", name,
                                      found[0]->key.to_string(), found[1]->key.to_string()));
    if (found.empty())
        return base::fail(ErrorCode::kNotFound, fmt::format("no '{}' in lab {}, which has {}", name, lab,
                                                            fmt::join(place_names(objects), ", ")));
    const auto& pod = *found.front();
    return Place{netns_of(lab, pod), paths.hosts + "/" + pod.key.namespace_name};
}

std::vector<std::string> place_names(const Objects& objects) {
    std::vector<std::string> names = {"client"};
    for (const auto& node : objects.nodes)
        names.push_back(node.key.name);
    for (const auto& pod : objects.pods)
        if (!pod.pod_ips.empty()) names.push_back(pod.key.to_string());
    return names;
}

base::Error exec_in_lab(std::string_view lab, std::string_view place, std::vector<std::string> arguments) {
    const auto objects = read_objects(lab);
    if (!objects) return objects.error();
    const auto found = find_place(lab, *objects, place);
    if (!found) return found.error();
    if (arguments.empty()) {
        const auto shell = net::environment("SHELL");
        arguments = {shell.empty() ? "/bin/sh" : shell};
    }
    return kernel::netns::become({found->netns, std::move(arguments), found->hosts_file});
}

Result<std::string> status_text(std::string_view lab, bool wide) {
    FAIRLEAD_TRY(const auto objects, read_objects(lab));
    return words(lab, objects, wide);
}

Result<std::string> status_json(std::string_view lab) {
    FAIRLEAD_TRY(const auto objects, read_objects(lab));
    return json_of(lab, objects);
}

Result<std::string> labs_text() {
    FAIRLEAD_TRY(const auto labs, labs_on_this_machine());
    std::vector<std::vector<std::string>> rows = {{"LAB", "STATE", "MANIFESTS"}};
    for (const auto& lab : labs)
        rows.push_back({lab, lab_state(lab), source_of(lab)});
    return labs.empty() ? "no labs; 'fairlead lab up' makes one\n" : render_table(rows);
}

Result<std::string> labs_json() {
    FAIRLEAD_TRY(const auto labs, labs_on_this_machine());
    std::string text;
    for (const auto& lab : labs)
        text += fmt::format(R"({}{{"lab":{},"up":{},"manifests":{}}})", text.empty() ? "" : ",",
                            base::json_quote(lab), is_up(lab), base::json_quote(source_of(lab)));
    return fmt::format(R"({{"labs":[{}]}})"
                       "\n",
                       text);
}

}  // namespace fairlead::lab
