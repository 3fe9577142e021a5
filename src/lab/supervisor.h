#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/manifest_files.h"
#include "lab/kept_running.h"
#include "lab/network.h"
#include "lab/placement.h"
#include "lab/state.h"
#include "net/directory_watcher.h"
#include "net/event_loop.h"

namespace fairlead::lab {

struct SupervisorOptions {
    std::string lab;
    std::string manifests;  ///< directory
    unsigned node_count = 2;
    std::string program;  ///< path of the fairlead binary
};

/// Runs a lab: makes the network, an agent per node and a workload per Pod, and follows the manifests.
///
/// It is API server, scheduler and kubelet in one: it reads the user's manifests, gives Pods their nodes and
/// addresses and Services their ClusterIPs, runs the Pods, and writes what came of it as one manifest, which
/// the agents read. A Pod is ready there once its workload listens.
class Supervisor {
  public:
    /// `say` gets a line for people whenever something happened.
    Supervisor(net::EventLoop& loop, SupervisorOptions options, std::function<void(const std::string&)> say);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// Makes everything; `up` is called once every agent and Pod is ready, or after 30 s: well if only Pods
    /// are not, which is said, and else with the agents that are not. The caller has the lab's claim and
    /// removes the lab afterwards, also after a failure.
    base::Result<void> start(std::function<void(base::Result<void>)> up);

    /// "2 nodes, 5 pods, 1 Service"
    [[nodiscard]] std::string summary() const;
    [[nodiscard]] const std::string& first_node() const { return placement_->node_names().front(); }

  private:
    struct RunningPod {
        kube::Pod pod;
        std::unique_ptr<KeptRunning> workload;
    };

    base::Result<void> read_manifests();
    base::Result<void> start_agents();
    void schedule();
    void follow_manifests();
    void report(std::vector<std::string> warnings);
    void stop_missing(const std::vector<kube::Pod>& wanted);
    void let_go(const kube::ObjectKey& key);
    base::Result<void> start_pod(const kube::Pod& pod);
    void fill_in_readiness();
    void publish();
    void probe_agents();
    void check();
    [[nodiscard]] std::vector<std::string> unready() const;
    [[nodiscard]] std::string ready_file(const kube::Pod& pod) const;

    net::EventLoop& loop_;
    SupervisorOptions options_;
    std::function<void(const std::string&)> say_;
    std::function<void(base::Result<void>)> up_;
    StatePaths paths_;
    Network network_;
    kube::ManifestFiles files_;
    std::unique_ptr<Placement> placement_;
    kube::ManifestFiles::Objects objects_;  // as placed
    std::map<kube::ObjectKey, RunningPod> pods_;
    struct Leaving {
        RunningPod pod;
        net::Subscription timer;
    };
    std::map<kube::ObjectKey, Leaving> leaving_;  // their connections may end in peace
    std::vector<std::unique_ptr<KeptRunning>> agents_;
    std::set<std::string> ready_agents_;
    std::set<std::string> warned_;
    std::string published_;
    base::TimePoint published_at_{};
    std::map<std::string, std::string> hosts_;
    base::TimePoint started_;
    bool scheduled_ = false;
    net::Subscription checking_;
    base::Duration check_pause_{};
    std::unique_ptr<net::DirectoryWatcher> watcher_;
};

}  // namespace fairlead::lab
