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

constexpr std::uint16_t kHealthPort = 10256;

std::string agent_state(std::string_view lab, const std::string& node) {
    constexpr unsigned kOk = 200;
    const auto answer = probe_http_in(machine_namespace(lab, node), kHealthPort, "/readyz");
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

std::string lab_state(std::string_view lab) {
    const auto holder = claim_holder(lab);
    if (!holder) return "left behind; 'fairlead lab down' removes it";
    const bool up = access(StatePaths{lab}.up.c_str(), F_OK) == 0;
    return fmt::format("{} (process {})", up ? "up" : "starting", *holder);
}

std::string source_of(std::string_view lab) {
    auto source = net::read_file(StatePaths{lab}.source).value_or("");
    if (source.ends_with('\n')) source.pop_back();
    return source;
}

std::string words(std::string_view lab, const Objects& objects) {
    std::string text = fmt::format("lab {}: {}\nmanifests: {}\n\n", lab, lab_state(lab), source_of(lab));
    std::vector<std::vector<std::string>> nodes = {{"NODE", "AGENT", "ADDRESSES", "PODS"}};
    for (const auto& node : objects.nodes)
        nodes.push_back(
            {node.key.name, agent_state(lab, node.key.name), addresses_of(node.addresses),
             std::to_string(std::ranges::count(objects.pods, node.key.name, &kube::Pod::node_name))});
    std::vector<std::vector<std::string>> pods = {{"POD", "NODE", "STATE", "ADDRESSES"}};
    for (const auto& pod : objects.pods)
        pods.push_back({pod.key.to_string(), pod.node_name, pod_state(pod), addresses_of(pod.pod_ips)});
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
        return fmt::format(R"({{"pod":{},"node":{},"state":{},"addresses":{}}})",
                           json_quote(pod.key.to_string()), json_quote(pod.node_name),
                           json_quote(pod_state(pod)), addresses(pod.pod_ips));
    });
    const auto services = list(objects.services, [&](const kube::Service& service) {
        return fmt::format(R"({{"service":{},"clusterIPs":{}}})", json_quote(service.key.to_string()),
                           addresses(service.cluster_ips));
    });
    const bool up = claim_holder(lab) && access(StatePaths{lab}.up.c_str(), F_OK) == 0;
    return fmt::format(R"({{"lab":{},"up":{},"manifests":{},"nodes":{},"pods":{},"services":{}}})"
                       "\n",
                       json_quote(lab), up, json_quote(source_of(lab)), nodes, pods, services);
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
    std::string all = "client";
    for (const auto& node : objects.nodes)
        all += ", " + node.key.name;
    for (const auto& pod : objects.pods) {
        if (pod.pod_ips.empty()) continue;
        all += ", " + pod.key.to_string();
        if (pod.key.name == name || pod.key.to_string() == name) found.push_back(&pod);
    }
    if (found.size() > 1)
        return base::fail(ErrorCode::kInvalid,
                          fmt::format("'{}' is {} and {}: name its namespace", name,
                                      found[0]->key.to_string(), found[1]->key.to_string()));
    if (found.empty())
        return base::fail(ErrorCode::kNotFound,
                          fmt::format("no '{}' in lab {}, which has {}", name, lab, all));
    const auto& pod = *found.front();
    return Place{pod.host_network ? machine_namespace(lab, pod.node_name) : pod_namespace(lab, pod.key),
                 paths.hosts + "/" + pod.key.namespace_name};
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

Result<std::string> status_text(std::string_view lab, bool json) {
    FAIRLEAD_TRY(const auto objects, read_objects(lab));
    return json ? json_of(lab, objects) : words(lab, objects);
}

Result<std::string> labs_text() {
    FAIRLEAD_TRY(const auto labs, labs_on_this_machine());
    std::vector<std::vector<std::string>> rows = {{"LAB", "STATE", "MANIFESTS"}};
    for (const auto& lab : labs)
        rows.push_back({lab, lab_state(lab), source_of(lab)});
    return labs.empty() ? "no labs; 'fairlead lab up' makes one\n" : render_table(rows);
}

}  // namespace fairlead::lab
