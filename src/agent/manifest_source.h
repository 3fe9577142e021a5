#pragma once

#include <functional>
#include <map>
#include <memory>

#include "kube/cluster_ip_allocator.h"
#include "kube/manifest_files.h"
#include "kube/store.h"
#include "net/directory_watcher.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// Fills the stores from a directory of manifests: what an API server and its controllers would make of them.
class ManifestSource {
  public:
    /// Reads the directory, then calls `changed` after each change that was taken in.
    static base::Result<std::unique_ptr<ManifestSource>> start(net::EventLoop& loop,
                                                               const std::string& directory,
                                                               std::vector<base::Prefix> service_cidrs,
                                                               kube::Stores& stores,
                                                               std::function<void()> changed);

    /// Assigns ClusterIPs from these ranges from now on, as a restart with them would.
    void configure(std::vector<base::Prefix> service_cidrs);

    /// Fills stores.pods with the Pods of this node too, from now on.
    void keep_pods_of(const std::string& node_name);
    /// Fills stores.pod_addresses too, from now on.
    void keep_pod_addresses();

    /// What cannot be used as the files are now, one sentence each.
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

    /// Of a Pod in the manifests (status.podIPs); none if there is no such Pod.
    [[nodiscard]] std::vector<base::IpAddress> pod_addresses(const kube::ObjectKey& pod) const;

  private:
    ManifestSource(net::EventLoop& loop, std::vector<base::Prefix> service_cidrs, kube::Stores& stores,
                   std::function<void()> changed);
    void schedule();
    void rebuild();
    void fill_stores(kube::ManifestFiles::SharedObjects objects);
    void take_pod_addresses(const std::vector<std::shared_ptr<const kube::Pod>>& pods);
    net::DirectoryWatcher::Listener listener();
    void report(std::vector<std::string> problems);
    void mention(std::vector<kube::ManifestProblem> notices);

    net::EventLoop& loop_;
    kube::Stores& stores_;
    std::function<void()> changed_;
    kube::ManifestFiles files_;
    std::vector<base::Prefix> service_cidrs_;
    kube::ClusterIpAllocator allocator_;
    std::map<std::string, std::string> unreadable_;  // by path, why
    std::vector<std::string> problems_;
    std::vector<kube::ManifestProblem> notices_;
    std::string node_of_pods_;  // whose Pods are kept; empty: nobody's
    bool keeps_pod_addresses_ = false;
    bool scheduled_ = false;
    net::Subscription trimming_;  // gives free memory back to the kernel
    std::unique_ptr<net::DirectoryWatcher> watcher_;
};

}  // namespace fairlead::agent
