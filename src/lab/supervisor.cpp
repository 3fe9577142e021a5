#include "lab/supervisor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "kernel/netns/namespaces.h"
#include "lab/hosts_files.h"
#include "lab/http_probe.h"
#include "lab/layout.h"
#include "lab/manifest_writer.h"

namespace fairlead::lab {

namespace {

using base::Result;

// Agents let a file settle for 50 ms before they read it; then they take some to write it.
constexpr base::Duration kTakenIn = std::chrono::milliseconds(200);
// From one look at what is not ready to the next: quick after a change, and ever slower.
constexpr base::Duration kFirstCheckPause = std::chrono::milliseconds(10);
constexpr base::Duration kLongestCheckPause = std::chrono::milliseconds(500);
constexpr base::Duration kPatience = std::chrono::seconds(30);
/// How long a removed Pod goes on after the agents were told: the grace that a Pod has in a cluster.
constexpr base::Duration kGrace = std::chrono::seconds(1);
constexpr std::uint16_t kDefaultPort = 8080;

/// Each number of each protocol once: containers of a Pod may name the same. Something, where a Pod names no
/// ports.
std::vector<kube::ContainerPort> ports_of(const kube::Pod& pod) {
    if (pod.ports.empty())
        return {{"", base::L4Protocol::kTcp, kDefaultPort}, {"", base::L4Protocol::kUdp, kDefaultPort}};
    std::set<std::pair<base::L4Protocol, std::uint16_t>> seen;
    std::vector<kube::ContainerPort> ports;
    for (const auto& port : pod.ports)
        if (seen.emplace(port.protocol, port.port).second) ports.push_back(port);
    return ports;
}

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
    return fmt::format("{}", fmt::join(texts, separator));
}

std::string plural(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// Whether a Pod must be started anew to become what the manifests say now.
bool same_to_run(const kube::Pod& a, const kube::Pod& b) {
    return a.node_name == b.node_name && a.pod_ips == b.pod_ips && a.host_network == b.host_network &&
           ports_of(a) == ports_of(b);
}

std::string addresses_of(const kube::Pod& pod) {
    std::vector<std::string> texts;
    texts.reserve(pod.pod_ips.size());
    for (const auto& address : pod.pod_ips)
        texts.push_back(address.to_string());
    return join(texts, ", ");
}

}  // namespace

Supervisor::Supervisor(net::EventLoop& loop, SupervisorOptions options,
                       std::function<void(const std::string&)> say)
    : loop_(loop),
      options_(std::move(options)),
      say_(std::move(say)),
      paths_(options_.lab),
      network_(options_.lab) {}

Supervisor::~Supervisor() = default;

Result<void> Supervisor::start(std::function<void(Result<void>)> up) {
    up_ = std::move(up);
    started_ = loop_.now();
    FAIRLEAD_CHECK(make_directories(paths_));
    FAIRLEAD_CHECK(write_atomically(paths_.source, options_.manifests + "\n"));
    FAIRLEAD_CHECK(read_manifests());
    placement_ = std::make_unique<Placement>(files_.objects(), options_.node_count);
    for (const auto* taken : {kSwitchName, kClientName})
        if (placement_->node_number(taken))
            return base::fail(
                base::ErrorCode::kInvalid,
                fmt::format("Node {0}: a lab has a {0} of its own; give the Node another name", taken));
    say_("making " + plural(placement_->node_names().size(), "node") + " and a client");
    FAIRLEAD_CHECK(network_.build(placement_->node_names()));
    follow_manifests();
    return start_agents();
}

Result<void> Supervisor::read_manifests() {
    net::DirectoryWatcher::Listener listener;
    listener.changed = [this](const std::string& path, const std::string& text) {
        files_.put(path, text);
        schedule();
    };
    listener.removed = [this](const std::string& path) {
        files_.remove(path);
        schedule();
    };
    listener.problem = [this](const std::string& path, const std::string& message) {
        say_("warning: " + path + ": " + message);
    };
    FAIRLEAD_TRY(watcher_, net::DirectoryWatcher::start(loop_, options_.manifests, std::move(listener)));
    return {};
}

Result<void> Supervisor::start_agents() {
    const auto both = [](const PrefixPair& pair) {
        return pair.ipv4.to_string() + "," + pair.ipv6.to_string();
    };
    for (const auto& name : placement_->node_names()) {
        kernel::netns::Command command;
        command.netns = machine_namespace(options_.lab, name);
        command.arguments = {options_.program, "agent",
                             "--node",         name,
                             "--manifests",    paths_.manifests,
                             "--cluster-cidr", both(pod_range()),
                             "--service-cidr", both(service_range())};
        agents_.push_back(std::make_unique<KeptRunning>(loop_, "agent on " + name, std::move(command),
                                                        paths_.logs + "/agent-" + name + ".log",
                                                        [this, name](const std::string& how) {
                                                            ready_agents_.erase(name);
                                                            say_("warning: " + how + "; starting it again");
                                                            schedule();
                                                        }));
        FAIRLEAD_CHECK(agents_.back()->start());
    }
    return {};
}

void Supervisor::schedule() {
    if (!watcher_ || std::exchange(scheduled_, true)) return;
    loop_.post([this] {
        scheduled_ = false;
        follow_manifests();
    });
}

void Supervisor::report(std::vector<std::string> warnings) {
    for (const auto& problem : files_.problems())
        warnings.push_back(problem.to_string());
    for (const auto& warning : warnings)
        if (!warned_.contains(warning)) say_("warning: " + warning);
    warned_ = {warnings.begin(), warnings.end()};
}

void Supervisor::follow_manifests() {
    auto placed = placement_->place(files_.objects());
    objects_ = std::move(placed.objects);
    stop_missing(objects_.pods);
    for (const auto& pod : objects_.pods) {
        if (pod.pod_ips.empty() || pods_.contains(pod.key)) continue;
        if (const auto started = start_pod(pod); !started)
            placed.warnings.push_back("Pod " + pod.key.to_string() + ": " + started.error().message);
    }
    report(std::move(placed.warnings));
    check_pause_ = kFirstCheckPause;
    check();
}

void Supervisor::stop_missing(const std::vector<kube::Pod>& wanted) {
    std::map<kube::ObjectKey, const kube::Pod*> by_key;
    for (const auto& pod : wanted)
        if (!pod.pod_ips.empty()) by_key.emplace(pod.key, &pod);
    std::vector<kube::ObjectKey> gone;
    for (const auto& [key, running] : pods_) {
        const auto same = by_key.find(key);
        if (same == by_key.end() || !same_to_run(running.pod, *same->second)) gone.push_back(key);
    }
    for (const auto& key : gone) {
        auto running = pods_.extract(key);
        say_("pod " + key.to_string() + " ends");
        auto& leaving = leaving_[key];
        leaving.pod = std::move(running.mapped());
        leaving.timer = loop_.after(kGrace, [this, key] { let_go(key); });
    }
}

void Supervisor::let_go(const kube::ObjectKey& key) {
    const auto leaving = leaving_.extract(key);
    if (leaving.empty()) return;
    auto& pod = leaving.mapped().pod;
    pod.workload.reset();
    unlink(ready_file(pod.pod).c_str());
    if (const auto removed = network_.remove_pod(pod.pod); !removed)
        say_("warning: pod " + key.to_string() + ": " + removed.error().message);
}

std::string Supervisor::ready_file(const kube::Pod& pod) const {
    return paths_.ready + "/" + pod.key.namespace_name + "_" + pod.key.name;
}

Result<void> Supervisor::start_pod(const kube::Pod& pod) {
    let_go(pod.key);  // a Pod of that name may still have its last second
    FAIRLEAD_CHECK(network_.add_pod(pod, placement_->node_number(pod.node_name).value_or(1)));
    kernel::netns::Command command;
    command.netns = network_.namespace_of(pod);
    command.arguments = {options_.program,
                         "lab",
                         "workload",
                         "--ready-file",
                         ready_file(pod),
                         "--identity",
                         fmt::format("pod {} on {} ({})", pod.key.to_string(), pod.node_name,
                                     pod.pod_ips.front().to_string())};
    for (const auto& port : ports_of(pod))
        command.arguments.push_back(fmt::format("{}/{}", port.port, base::name_of(port.protocol)));
    const auto ready = ready_file(pod);
    auto workload =
        std::make_unique<KeptRunning>(loop_, "pod " + pod.key.to_string(), std::move(command),
                                      paths_.logs + "/workloads.log", [this, ready](const std::string& how) {
                                          unlink(ready.c_str());
                                          say_("warning: " + how + "; starting it again");
                                          schedule();
                                      });
    FAIRLEAD_CHECK(workload->start());
    say_(fmt::format("pod {} starts on {} ({})", pod.key.to_string(), pod.node_name, addresses_of(pod)));
    pods_[pod.key] = RunningPod{pod, std::move(workload)};
    return {};
}

void Supervisor::fill_in_readiness() {
    for (auto& pod : objects_.pods)
        pod.ready = pods_.contains(pod.key) && wants_ready(pod) && access(ready_file(pod).c_str(), F_OK) == 0;
}

void Supervisor::publish() {
    fill_in_readiness();
    auto manifest = to_manifest(objects_);
    if (manifest != published_) {
        published_ = std::move(manifest);
        published_at_ = loop_.now();
        if (const auto written = write_atomically(paths_.manifests + "/lab.json", published_); !written)
            say_("warning: " + written.error().message);
    }
    for (auto& [space, text] : hosts_files(objects_)) {
        if (hosts_[space] == text) continue;
        if (const auto written = write_in_place(paths_.hosts + "/" + space, text); !written)
            say_("warning: " + written.error().message);
        hosts_[space] = std::move(text);
    }
}

std::vector<std::string> Supervisor::unready() const {
    std::vector<std::string> waiting;
    for (const auto& name : placement_->node_names())
        if (!ready_agents_.contains(name)) waiting.push_back("agent on " + name);
    for (const auto& [key, running] : pods_)
        if (access(ready_file(running.pod).c_str(), F_OK) != 0) waiting.push_back("pod " + key.to_string());
    return waiting;
}

void Supervisor::probe_agents() {
    for (const auto& name : placement_->node_names()) {
        if (ready_agents_.contains(name)) continue;
        const auto answer = probe_http_in(machine_namespace(options_.lab, name), kAgentHealthPort, "/readyz");
        constexpr unsigned kOk = 200;
        if (answer && answer->status == kOk) ready_agents_.insert(name);
    }
}

/// Looks again and again while anything is not ready, and not at all otherwise. A lab without an agent is not
/// worth having; one without a Pod is.
void Supervisor::check() {
    probe_agents();
    // What is ready now is published as ready; what becomes so meanwhile, next time.
    const auto waiting = unready();
    publish();
    if (waiting.empty() && loop_.now() - published_at_ >= kTakenIn) {
        checking_.reset();
        if (const auto up = std::exchange(up_, nullptr)) up({});
        return;
    }
    if (up_ && loop_.now() - started_ > kPatience) {
        const auto text = "not ready: " + join(waiting, ", ");
        const bool has_agents = ready_agents_.size() == placement_->node_names().size();
        if (has_agents) say_("warning: " + text + "; see " + paths_.logs);
        std::exchange(up_,
                      nullptr)(has_agents ? Result<void>{} : base::fail(base::ErrorCode::kUnavailable, text));
    }
    checking_ = loop_.after(check_pause_, [this] { check(); });
    check_pause_ = std::min(check_pause_ + check_pause_ / 10, kLongestCheckPause);
}

std::string Supervisor::summary() const {
    return fmt::format("{}, {}, {}", plural(placement_->node_names().size(), "node"),
                       plural(pods_.size(), "pod"), plural(objects_.services.size(), "Service"));
}

}  // namespace fairlead::lab
